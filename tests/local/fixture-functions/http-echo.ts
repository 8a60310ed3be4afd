import { app, type HttpRequest } from '@azure/functions';

/** Gives back what arrived. */
app.http('http-echo', {
  route: 'echo/{id:guid}/{*rest}',
  methods: ['GET', 'POST'],
  handler: async (request: HttpRequest) => ({
    status: 201,
    headers: { 'x-answer': 'yes' },
    cookies: [{ name: 'c', value: 'a b', httpOnly: true, sameSite: 'Lax', path: '/', maxAge: 60 }],
    jsonBody: {
      method: request.method,
      url: request.url,
      params: request.params,
      query: Object.fromEntries(request.query),
      headers: Object.fromEntries(request.headers),
      text: await request.text(),
    },
  }),
});
