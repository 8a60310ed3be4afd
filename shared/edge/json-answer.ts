import type { HttpResponseInit } from '@azure/functions';
import { JsonText } from '../model/json-text.ts';

/**
 * A JSON answer; `undefined` becomes an empty body. Nothing may be cached: answers carry links that are secrets, and the
 * service's own address as the caller named it.
 */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponseInit {
  const always = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...headers };
  if (value === undefined) return { status, headers: always };
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...always },
    body: value instanceof JsonText ? value.text : JSON.stringify(value),
  };
}
