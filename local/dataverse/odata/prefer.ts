/** What a client asked for in its `Prefer` header. Unknown preferences are ignored, as OData wants it. */
export type Preferences = {
  isTracking: boolean;
  maxPageSize?: number;
  annotations?: (name: string) => boolean;
  isRepresentationWanted: boolean;
};

export const annotationNames = {
  formatted: 'OData.Community.Display.V1.FormattedValue',
  lookupTable: 'Microsoft.Dynamics.CRM.lookuplogicalname',
  navigation: 'Microsoft.Dynamics.CRM.associatednavigationproperty',
  metadataVersion: 'Microsoft.Dynamics.CRM.globalmetadataversion',
  totalCount: 'Microsoft.Dynamics.CRM.totalrecordcount',
  totalCountExceeded: 'Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded',
} as const;

export function parsePrefer(header: string | undefined): Preferences {
  const text = header ?? '';
  const size = /odata\.maxpagesize\s*=\s*(\d+)/i.exec(text)?.[1];
  const annotations = /odata\.include-annotations\s*=\s*"([^"]*)"/i.exec(text)?.[1];
  return {
    isTracking: /odata\.track-changes/i.test(text),
    isRepresentationWanted: /return\s*=\s*representation/i.test(text),
    ...(size && Number(size) > 0 ? { maxPageSize: Number(size) } : {}),
    ...(annotations === undefined ? {} : { annotations: annotationFilter(annotations) }),
  };
}

function annotationFilter(list: string): (name: string) => boolean {
  const wanted = list.split(',').map((part) => part.trim());
  return (name) =>
    wanted.some(
      (one) => one === '*' || one === name || (one.endsWith('*') && name.startsWith(one.slice(0, -1))),
    );
}
