import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, laterVersion, versionOfRow } from '../../../shared/schema/row-version.ts';

const version = fc.bigInt({ min: 0n, max: 2n ** 63n });

describe('row versions', () => {
  it('compare as numbers of any size', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(laterVersion(String(a), String(b))).toBe(String(a > b ? a : b));
      }),
    );
  });

  it('come from the column, or else from the etag', () => {
    expect(versionOfRow({ versionnumber: 12, '@odata.etag': 'W/"9"' })).toBe('12');
    expect(versionOfRow({ versionnumber: '9007199254740993' })).toBe('9007199254740993');
    expect(versionOfRow({ versionnumber: null, '@odata.etag': 'W/"9"' })).toBe('9');
    expect(versionOfRow({ '@odata.etag': 'nonsense' })).toBe('0');
  });
});
