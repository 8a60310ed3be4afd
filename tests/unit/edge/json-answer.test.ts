import { expect, test } from 'vitest';
import { jsonAnswer } from '../../../shared/edge/json-answer.ts';
import { JsonText } from '../../../shared/model/json-text.ts';

test('JSON that is text already is sent as it is, and is the same JSON within another answer', () => {
  const list = JsonText.list(['{"Id": 1}', '{"Id": 2}']);
  expect(jsonAnswer(200, list).body).toBe('[{"Id": 1},{"Id": 2}]');
  expect(jsonAnswer(200, { list }).body).toBe('{"list":[{"Id":1},{"Id":2}]}');
  expect(jsonAnswer(200, JsonText.list([])).body).toBe('[]');
});
