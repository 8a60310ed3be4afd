import { app } from '@azure/functions';
import { takeAnyHeaders } from '../shared/edge/take-any-headers.ts';

// No trigger, but of the whole app: a body whose length is not announced arrives only as a stream (docs/decisions/0009).
app.setup({ enableHttpStream: true });
takeAnyHeaders();
