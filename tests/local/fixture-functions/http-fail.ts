import { app } from '@azure/functions';

app.http('http-fail', {
  route: 'fail/{how?}',
  methods: ['GET'],
  handler: async (request) => {
    if (request.params.how === 'slowly') {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return { body: 'late, but there' };
    }
    throw new Error('secret detail');
  },
});
