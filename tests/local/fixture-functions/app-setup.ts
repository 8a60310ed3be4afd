import { app } from '@azure/functions';

app.setup({ enableHttpStream: process.env.STREAMS === 'yes' });
