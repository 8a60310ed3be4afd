import { app } from '@azure/functions';
import { takeAnyHeaders } from '../../../shared/edge/take-any-headers.ts';

app.setup({ enableHttpStream: process.env.STREAMS === 'yes' });
takeAnyHeaders();
