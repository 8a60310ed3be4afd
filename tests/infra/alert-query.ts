/// <reference types="@kusto/language-service-next" />
import { createRequire } from 'node:module';
import { telemetryEvents, telemetryMetrics } from '../../shared/ports/telemetry.ts';

const require = createRequire(import.meta.url);
// The two files define the global `Kusto`, the second on top of the first.
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');

const { Language } = (globalThis as unknown as { Kusto: typeof Kusto }).Kusto;
const { Symbols, Syntax } = Language;
type SyntaxNode = Kusto.Language.Syntax.SyntaxNode;

/** As Application Insights has them: https://learn.microsoft.com/azure/azure-monitor/reference/tables/appevents and appmetrics */
const ofBoth = `timestamp:datetime, name:string, itemType:string, customDimensions:dynamic, operation_Name:string, operation_Id:string, operation_ParentId:string,
  operation_SyntheticSource:string, session_Id:string, user_Id:string, user_AuthenticatedId:string,
  user_AccountId:string, application_Version:string, client_Type:string, client_Model:string, client_OS:string,
  client_IP:string, client_City:string, client_StateOrProvince:string, client_CountryOrRegion:string,
  client_Browser:string, cloud_RoleName:string, cloud_RoleInstance:string, appId:string, appName:string, iKey:string,
  sdkVersion:string, itemId:string, itemCount:int, _ResourceId:string`;
const ofMetrics = 'value:real, valueCount:int, valueSum:real, valueMin:real, valueMax:real, valueStdDev:real';

/** What the program tells, by name. */
type Told = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
const tableOf = (name: string, columns: string, what: string, told: Told) => ({
  ...{ symbol: Symbols.TableSymbol.From(`(${ofBoth}, ${columns})`)?.WithName(name), what, told },
});
const tables = [
  tableOf('customEvents', 'customMeasurements:dynamic', 'event', telemetryEvents),
  tableOf('customMetrics', ofMetrics, 'metric', telemetryMetrics),
];
const symbols = tables.map(({ symbol }) => symbol);
const database = new Symbols.DatabaseSymbol.$ctor1('telemetry', symbols as never, false);
const globals = Language.GlobalState.Default?.WithDatabase(database) ?? null;

/** What a query uses and returns, and everything that is wrong with it. */
export interface AlertQueryCheck {
  readonly problems: readonly string[];
  /** Column name to type. */
  readonly columns: Readonly<Record<string, string>>;
  /** And metrics. */
  readonly events: readonly string[];
}

/** Checks a query by Kusto's own grammar and types, and against the events and metrics that the program can emit. */
export function checkAlertQuery(text: string): AlertQueryCheck {
  const code = Language.KustoCode.ParseAndAnalyze(text, globals);
  if (!code?.Syntax) return { problems: ['Cannot parse the query.'], columns: {}, events: [] };

  const problems = items(code.GetDiagnostics()).map((diagnostic) => `${diagnostic.Message}`);
  const events = new Set<string>();
  const known: Told[string][] = [];
  const bags: { column: string; member: string }[] = [];
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    const { column, what = '', told = {} } = columnOf(node) ?? {};
    if (column === 'name') {
      const names = literalsComparedWith(node);
      if (names.length === 0)
        problems.push('Cannot check "name": compare it with texts by "==" or "in" only.');
      for (const name of names) {
        events.add(name);
        if (told[name]) known.push(told[name]);
        else problems.push(`No ${what} is named "${name}".`);
      }
    }
    if (column === 'customDimensions' || column === 'customMeasurements') {
      const member = memberOf(node);
      if (member) bags.push({ column, member });
      else problems.push(`Cannot check "${column}": name one member at a time, as in ${column}.table.`);
    }
  });

  for (const { column, member } of bags) {
    const kind = column === 'customDimensions' ? 'properties' : 'measurements';
    if (!known.some((event) => event[kind]?.includes(member)))
      problems.push(`None of the events in this query has "${member}" among its ${kind}.`);
  }
  const result = code.ResultType as Kusto.Language.Symbols.TableSymbol | null;
  const columns = items(result?.Columns).map((column) => [`${column.Name}`, `${column.Type?.Name}`]);
  return { problems, columns: Object.fromEntries(columns), events: [...events] };
}

function columnOf(node: SyntaxNode | null) {
  if (node?.Kind !== Syntax.SyntaxKind.NameReference) return undefined;
  const { ReferencedSymbol: used } = node;
  const table = tables.find(({ symbol }) => items(symbol?.Columns).some((column) => column === used));
  return table && { ...table, column: `${used?.Name}` };
}

function literalsComparedWith(node: SyntaxNode): string[] {
  const comparison = node.Parent;
  const isComparison =
    comparison?.Kind === Syntax.SyntaxKind.EqualExpression ||
    comparison?.Kind === Syntax.SyntaxKind.InExpression;
  const texts: string[] = [];
  if (isComparison)
    Syntax.SyntaxElement.WalkNodes(comparison, (inner) => {
      if (inner?.Kind === Syntax.SyntaxKind.StringLiteralExpression)
        texts.push(`${(inner as Kusto.Language.Syntax.LiteralExpression).LiteralValue}`);
    });
  return texts;
}

function memberOf(node: SyntaxNode): string | undefined {
  if (node.Parent?.Kind !== Syntax.SyntaxKind.PathExpression) return undefined;
  const path = node.Parent as Kusto.Language.Syntax.PathExpression;
  return path.Expression === node ? path.Selector?.toString()?.trim() : undefined;
}

function items<T>(list: { Count: number; getItem(index: number): T | null } | null | undefined): T[] {
  return Array.from({ length: list?.Count ?? 0 }, (_, index) => list?.getItem(index) as T);
}
