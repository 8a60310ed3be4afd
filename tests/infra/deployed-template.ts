/** A resource of a compiled template, as far as the tests look at it. */
export interface TemplateResource {
  readonly type: string;
  readonly location?: string;
  readonly tags?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A compiled template, as far as the tests look at it. */
export interface DeployedTemplate {
  readonly parameters: Readonly<Record<string, { readonly defaultValue?: unknown }>>;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly resources: readonly TemplateResource[] | Readonly<Record<string, TemplateResource>>;
}

interface Module extends TemplateResource {
  readonly properties: {
    readonly template: DeployedTemplate;
    readonly parameters: Readonly<Record<string, { readonly value: unknown }>>;
  };
}

/** Every resource of the template and of its modules; the modules themselves are left out. */
export function resourcesOf(template: DeployedTemplate): TemplateResource[] {
  return Object.values(template.resources).flatMap((resource) =>
    isModule(resource) ? resourcesOf(resource.properties.template) : [resource],
  );
}

/** The one resource of this type. */
export function resourceOf(template: DeployedTemplate, type: string): TemplateResource {
  const found = resourcesOf(template).filter((resource) => resource.type === type);
  if (found.length !== 1 || !found[0])
    throw new Error(`Cannot find the "${type}": there are ${found.length}; expected 1.`);
  return found[0];
}

/** The settings that the function app is given, name to value or expression. */
export function appSettingsOf(template: DeployedTemplate): Readonly<Record<string, string>> {
  const modules = Object.values(template.resources).filter(isModule);
  const settings = modules.flatMap(({ properties }) => {
    const config = resourcesOf(properties.template).filter(
      ({ type }) => type === 'Microsoft.Web/sites/config',
    );
    return config.map(({ properties: value }) => {
      // A module hands its parameter on as it is.
      const parameter = /^\[parameters\('(\w+)'\)\]$/.exec(`${value}`)?.[1];
      return parameter ? properties.parameters[parameter]?.value : value;
    });
  });
  return Object.assign({}, ...settings);
}

function isModule(resource: TemplateResource): resource is Module {
  return resource.type === 'Microsoft.Resources/deployments';
}
