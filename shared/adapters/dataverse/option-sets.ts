import type { Label, Option, OptionSet } from '../../model/table-metadata.ts';
import type { TableDefinition } from '../../model/table-schema.ts';
import { definitionPath, freshly } from './table-definition.ts';
import type { WebApi } from './web-api.ts';

interface LabelMetadata {
  readonly Label?: string | null;
  readonly LanguageCode?: number | null;
}

interface OptionMetadata {
  readonly Value?: number | null;
  readonly State?: number | null;
  readonly Label?: {
    readonly LocalizedLabels?: readonly LabelMetadata[] | null;
    readonly UserLocalizedLabel?: LabelMetadata | null;
  } | null;
}

interface OptionSetMetadata {
  readonly IsGlobal?: boolean | null;
  readonly Options?: readonly OptionMetadata[] | null;
  readonly TrueOption?: OptionMetadata | null;
  readonly FalseOption?: OptionMetadata | null;
}

interface AttributeMetadata {
  readonly LogicalName: string;
  readonly OptionSet?: OptionSetMetadata | null;
  readonly GlobalOptionSet?: OptionSetMetadata | null;
}

/** Classes whose options can be asked for; their common class is refused. */
const classes = ['Picklist', 'MultiSelectPicklist', 'State', 'Status', 'Boolean'] as const;

/** The paths of the options of a table's columns, one for each class that it has. */
export function optionPaths({ logicalName, attributes }: TableDefinition): readonly string[] {
  const types = new Set(attributes.map(({ type }) => type));
  const options = (type: string) =>
    `${definitionPath(logicalName)}/Attributes/Microsoft.Dynamics.CRM.${type}AttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet`;
  return classes.filter((type) => types.has(type)).map(options);
}

/** The port's `optionSets`. */
export async function readOptionSets(api: WebApi, table: TableDefinition): Promise<readonly OptionSet[]> {
  const answers = await Promise.all(
    optionPaths(table).map((path) => readClass(api, table.logicalName, path)),
  );
  return answers.flat();
}

async function readClass(api: WebApi, table: string, path: string): Promise<readonly OptionSet[]> {
  const purpose = `read the options of table "${table}"`;
  const { value } = await api.get<{ value: readonly AttributeMetadata[] }>(purpose, path, freshly);
  return value.flatMap(({ LogicalName: attribute, OptionSet: own, GlobalOptionSet: shared }) => {
    const set = shared ?? own;
    if (!set) return [];
    const isGlobal = Boolean(shared) || set.IsGlobal === true;
    const all = [...(set.Options ?? []), set.FalseOption, set.TrueOption];
    return [{ attribute, isGlobal, options: all.flatMap((option) => optionOf(option)) }];
  });
}

function optionOf(option: OptionMetadata | null | undefined): readonly Option[] {
  if (typeof option?.Value !== 'number') return [];
  const user = labelOf(option.Label?.UserLocalizedLabel);
  return [
    {
      value: option.Value,
      labels: (option.Label?.LocalizedLabels ?? []).flatMap((label) => labelOf(label) ?? []),
      ...(user !== undefined && { userLabel: user }),
      ...(typeof option.State === 'number' && { state: option.State }),
    },
  ];
}

function labelOf(label: LabelMetadata | null | undefined): Label | undefined {
  if (typeof label?.LanguageCode !== 'number') return undefined;
  return { text: label.Label ?? '', language: label.LanguageCode };
}
