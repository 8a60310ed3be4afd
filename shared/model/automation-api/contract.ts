import type { z } from 'zod';
import {
  failuresFormSchema,
  failuresQuerySchema,
  findingsQuerySchema,
  ignoreFormSchema,
  operationsQuerySchema,
} from './forms.ts';
import { profileFormSchema } from './profile-form.ts';

/** What the routes answer; `openapi.ts` says what each holds. */
export type AnswerName = 'Operation' | 'OperationList' | 'Failure' | 'FailureList' | 'FindingList';

/** One route of the automation for people and systems. */
export interface AutomationRoute {
  /** Name of the use case that answers, and of its function: `http-automation-<name>`. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** From the root, without a slash. */
  readonly path: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Of a GET with 200; a POST is answered 202 with an operation, or, when it is a dry run, 200 with a preview. */
  readonly answer: AnswerName;
}

/** Every route under `automation/` that needs a token: functions and the OpenAPI document follow from this table. */
export const automationContract = [
  {
    name: 'profiles-create',
    method: 'POST',
    path: 'automation/profiles',
    summary: 'Creates a profile and activates it.',
    body: profileFormSchema,
    answer: 'Operation',
  },
  {
    name: 'profiles-activate',
    method: 'POST',
    path: 'automation/profiles/{id}/activate',
    summary: 'Activates a profile.',
    answer: 'Operation',
  },
  {
    name: 'profiles-deactivate',
    method: 'POST',
    path: 'automation/profiles/{id}/deactivate',
    summary: 'Deactivates a profile; what was replicated stays.',
    answer: 'Operation',
  },
  {
    name: 'failures-list',
    method: 'GET',
    path: 'automation/failures',
    summary: 'Failures by profile, table and row; without their lives.',
    query: failuresQuerySchema,
    answer: 'FailureList',
  },
  {
    name: 'failures-get',
    method: 'GET',
    path: 'automation/profiles/{id}/failures/{failureId}',
    summary: 'A failure with its whole life.',
    answer: 'Failure',
  },
  {
    name: 'failures-retouch',
    method: 'POST',
    path: 'automation/failures/retouch',
    summary: 'Writes rows again now, whatever they wait for, and tells what has become of them.',
    body: failuresFormSchema,
    answer: 'Operation',
  },
  {
    name: 'failures-retry',
    method: 'POST',
    path: 'automation/failures/retry',
    summary: 'Takes failures up again from the first attempt on; a probe goes first.',
    body: failuresFormSchema,
    answer: 'Operation',
  },
  {
    name: 'failures-ignore',
    method: 'POST',
    path: 'automation/failures/ignore',
    summary: 'Does nothing about failures any more.',
    body: ignoreFormSchema,
    answer: 'Operation',
  },
  {
    name: 'operations-list',
    method: 'GET',
    path: 'automation/operations',
    summary: 'What was asked for, newest first.',
    query: operationsQuerySchema,
    answer: 'OperationList',
  },
  {
    name: 'operations-get',
    method: 'GET',
    path: 'automation/operations/{id}',
    summary: 'What has become of a request.',
    answer: 'Operation',
  },
  {
    name: 'findings-list',
    method: 'GET',
    path: 'automation/findings',
    summary: 'What is, or was, wrong with profiles, newest first.',
    query: findingsQuerySchema,
    answer: 'FindingList',
  },
] as const satisfies readonly AutomationRoute[];

/** The use cases that answer. */
export type AutomationRouteName = (typeof automationContract)[number]['name'];
