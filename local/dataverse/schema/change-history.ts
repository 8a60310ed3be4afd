import type { Table } from './table.ts';

/** One node of the metadata that a change touched: the table itself where there is no column. */
export type TouchedNode = {
  revision: number;
  table: string;
  column?: string;
  isDeleted?: true;
  /** Its options are those of a global choice. */
  isByGlobalChoice: boolean;
};

/** What a table is made of, as texts that differ when something of it changes. */
type TableText = { own: string; columns: Map<string, string> };

/** Which tables and columns each change touched, found by comparing them before and after. */
export function changeHistory() {
  const nodes: TouchedNode[] = [];
  let voidBefore = 0;
  return {
    nodes: nodes as readonly TouchedNode[],
    /** Stamps of before this revision are taken no more. */
    voidBefore: () => voidBefore,
    voidAll(revision: number): void {
      voidBefore = revision;
    },
    /** Call before a change of any of these; what it gives, after the change. */
    watch(read: () => readonly Table[], isByGlobalChoice: boolean): (revision: number) => void {
      const before = textsOf(read());
      return (revision) => {
        const after = textsOf(read());
        for (const table of new Set([...before.keys(), ...after.keys()]))
          for (const node of differences(before.get(table), after.get(table)))
            nodes.push({ revision, table, isByGlobalChoice, ...node });
      };
    },
  };
}

function textsOf(tables: readonly Table[]): Map<string, TableText> {
  return new Map(
    tables.map(({ columns, ...own }) => [
      own.name,
      {
        own: JSON.stringify(own),
        columns: new Map(columns.map((column) => [column.name, JSON.stringify(column)])),
      },
    ]),
  );
}

function differences(before?: TableText, after?: TableText): Pick<TouchedNode, 'column' | 'isDeleted'>[] {
  if (!after) return [{ isDeleted: true }];
  const changed = [...after.columns].filter(([name, text]) => before?.columns.get(name) !== text);
  const gone = [...(before?.columns.keys() ?? [])].filter((name) => !after.columns.has(name));
  return [
    ...(before?.own === after.own ? [] : [{}]),
    ...changed.map(([column]) => ({ column })),
    ...gone.map((column) => ({ column, isDeleted: true as const })),
  ];
}
