/** Digits of a decimal column, before and after the point together. */
const digitsOfColumn = 38;

/** A decimal number apart from its notation: `digits` × 10^-`scale`. */
interface PlainDecimal {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly scale: number;
}

function readDecimal(text: string): PlainDecimal | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  return {
    isNegative: sign === '-',
    digits,
    scale: digits === '' ? 0 : fraction.length - Number(exponent),
  };
}

/** Cuts to the scale, rounding half away from zero as both kinds of database do. */
function roundTo(scale: number, decimal: PlainDecimal): bigint {
  const surplus = decimal.scale - scale;
  if (surplus <= 0) return BigInt(decimal.digits + '0'.repeat(-surplus));
  const kept = decimal.digits.slice(0, -surplus);
  const firstCut = surplus > decimal.digits.length ? '0' : decimal.digits.charAt(kept.length);
  return BigInt(kept) + (firstCut >= '5' ? 1n : 0n);
}

/**
 * A decimal number in its one canonical form (no exponent, no needless zeros, no "-0"), rounded half away from zero to
 * `scale` digits after the point. Never goes through a JavaScript number. `too-large` when it does not fit into 38 digits.
 */
export function decimalText(text: string, scale: number): string | 'too-large' | undefined {
  const decimal = readDecimal(text);
  if (decimal === undefined) return undefined;
  if (decimal.digits === '') return '0';
  if (decimal.digits.length - decimal.scale > digitsOfColumn - scale) return 'too-large';
  const rounded = roundTo(scale, decimal).toString();
  if (rounded.length > digitsOfColumn) return 'too-large';
  const padded = rounded.padStart(scale + 1, '0');
  const whole = padded.slice(0, padded.length - scale);
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, '');
  const plain = fraction === '' ? whole : `${whole}.${fraction}`;
  return decimal.isNegative && plain !== '0' ? `-${plain}` : plain;
}

/** Whether the text is canonical already: the usual case, told without taking it apart. */
export function isPlainDecimal(text: string, scale: number): boolean {
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  let point = -1;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 46 && point < 0) point = at;
    else if (unit < 48 || unit > 57) return false;
  }
  const wholeLength = (point < 0 ? text.length : point) - start;
  if (wholeLength === 0 || wholeLength > digitsOfColumn - scale) return false;
  if (text.charCodeAt(start) === 48 && (wholeLength > 1 || text.length === 2)) return false;
  if (point < 0) return true;
  const fractionLength = text.length - point - 1;
  return fractionLength > 0 && fractionLength <= scale && text.charCodeAt(text.length - 1) !== 48;
}
