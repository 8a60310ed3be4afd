/** One Dataverse organization that this service replicates. */
export interface Organization {
  /** Lower-case guid. */
  readonly id: string;
  readonly name: string;
  /** Origin with a slash at the end, as old clients expect it: `https://contoso.crm4.dynamics.com/`. */
  readonly url: string;
  /** Lower-case guid of the Entra tenant that owns it. */
  readonly tenantId: string;
}
