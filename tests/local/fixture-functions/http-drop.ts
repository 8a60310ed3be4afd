import { app } from '@azure/functions';

/** Answers without looking at the body. */
app.http('http-drop', {
  route: 'drop',
  methods: ['POST'],
  handler: () => ({ status: 400, headers: { 'www-authenticate': 'Bearer' }, body: 'no' }),
});
