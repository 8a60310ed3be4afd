import type { FailureFields } from '../model/failure.ts';
import { toldPart } from './reason-text.ts';

const quoted = (field: string) => `["'](?<${field}>[^"'\\r\\n]{1,128})["']`;
const bare = (field: string) => `"?(?<${field}>[\\p{L}_][\\p{L}\\p{N}_$.]{0,126}[\\p{L}\\p{N}_$])"?`;
const number = (field: string) => `(?<${field}>\\d{1,9})\\b`;

/** What the messages of SQL Server and Azure SQL name. */
const ofSqlServer = [
  `would be truncated in table ${quoted('object')}, column ${quoted('column')}`,
  `insert the value NULL into column ${quoted('column')}, table ${quoted('object')}`,
  `conflicted with the [A-Z ]{1,30} constraint ${quoted('constraint')}(?:\\. The conflict occurred in database ["'][^"'\\r\\n]{1,128}["'], table ${quoted('object')}(?:, column ${quoted('column')})?)?`,
  `Violation of [A-Z ]{1,30} constraint ${quoted('constraint')}(?:\\. Cannot insert duplicate key in object ${quoted('object')})?`,
  `duplicate key row in object ${quoted('object')} with unique index ${quoted('constraint')}`,
  `maximum row size of ${number('length')}`,
  `altering table ${quoted('object')} failed because the minimum row size would be`,
  `maximum allowable table row size of ${number('length')}`,
  `for the index ${quoted('object')} exceeds the maximum length of ${number('length')} bytes`,
  `permission was denied on the object ${quoted('object')}`,
  `permission was denied on the column ${quoted('column')} of the object ${quoted('object')}`,
  `permission denied (?:in|on) (?:database|object|schema) ${quoted('object')}`,
  `already an object named ${quoted('object')}`,
  `Column name ${quoted('column')} in table ${quoted('object')}`,
  `Invalid object name ${quoted('object')}`,
  `Invalid column name ${quoted('column')}`,
  `could not find stored procedure ${quoted('object')}`,
  `cannot find the (?:object|data type) ${quoted('object')}`,
  `cannot open database ${quoted('object')}`,
  `database ${quoted('object')} (?:has reached its size quota|does not exist|on server|is not currently available)`,
  `update database ${quoted('object')} because`,
  `transaction log for database ${quoted('object')} is full`,
  `allocate (?:space for object|a new page for database) ${quoted('object')}`,
  `able to access the database ${quoted('object')}`,
];

/** What the messages of the old service name: `[name, 160]`. */
const ofOldService = [
  `longer than destination schema for \\[(?<column>[^\\],"'\\r\\n]{1,128}), ?${number('length')}\\]`,
];

/** What the messages of PostgreSQL name; some names are without quotes. */
const ofPostgres = [
  `value too long for type (?:character|bit|char|varchar|varbit)(?: varying)? ?\\(${number('length')}\\)`,
  `(?:relation|table) ${quoted('object')} violates (?:[a-z-]{1,20} ){1,2}constraint ${quoted('constraint')}`,
  `violates (?:[a-z-]{1,20} ){1,2}constraint ${quoted('constraint')}`,
  `null value in column ${quoted('column')}(?: of relation ${quoted('object')})? violates`,
  `column ${quoted('column')} of relation ${quoted('object')} (?:does not exist|already exists)`,
  `column ${bare('column')} does not exist`,
  `(?<!of )(?:relation|schema|database|table|view|type|index) ${quoted('object')} (?:does not exist|already exists)`,
  `permission denied for (?:table|relation|schema|database|view|sequence|function|index|type) ${bare('object')}`,
  `must be owner of (?:table|relation|schema|database|view|sequence|function|index|type) ${bare('object')}`,
  `maximum size(?: is)? ${number('length')}`,
  `index row size \\d{1,9} exceeds (?:[a-z]{1,20} version \\d{1,3} )?maximum ${number('length')} for index ${quoted('object')}`,
];

/**
 * What our own exporter's messages name. A table is blamed when a statement about it failed by its name, kind or
 * permission; of a row that failed its table is only the place.
 */
const ofOurs = [
  `(?<![.\\w])column ${quoted('column')} holds at most ${number('length')} characters`,
  `(?<![.\\w])column ${quoted('column')}(?: must not be null| received |: received )`,
  `(?<![.\\w])constraint "(?<constraint>[^"\\r\\n]{1,128})" refused it`,
  `^Cannot use table ${quoted('object')}`,
  `^Cannot (?!\\w{1,20} row )[^"\\r\\n]{1,100}(?:table|schema) ${quoted('object')}: [^"\\r\\n]{1,100} \\((?:0A|2B|3F|42)[0-9A-Z]{3}\\)`,
  `lacks [\\w, ]{1,100} on (?:database|schema|table) ${quoted('object')}`,
  `^Cannot [^"\\r\\n]{1,100}(?:table|schema) ${quoted('object')}: login "[^"\\r\\n]{1,128}" lacks [\\w, ]{1,100} on it`,
];

const known = [...ofSqlServer, ...ofOldService, ...ofPostgres, ...ofOurs].map(
  (source) => new RegExp(source, 'iu'),
);

/**
 * The column, the most that it or a row may hold, the constraint and the object that a reason blames, as far as one of
 * the known messages names them: never a value of the row.
 */
export function fieldsOf(reason: string): FailureFields {
  const text = toldPart(reason);
  let found: FailureFields = {};
  for (const message of known) {
    const { length, ...names } = message.exec(text)?.groups ?? {};
    const given = Object.entries(names).filter(([, name]) => name !== undefined);
    found = {
      ...Object.fromEntries(given),
      ...(length !== undefined && { length: Number(length) }),
      ...found,
    };
  }
  return found;
}
