import type { HttpResponseInit } from '@azure/functions';

/** Public: 200 or 503 and one word, nothing else. A check that fails is an unhealthy service. */
export async function answerHealth(isHealthy: () => Promise<boolean>): Promise<HttpResponseInit> {
  const healthy = await isHealthy().catch(() => false);
  return {
    status: healthy ? 200 : 503,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
    body: healthy ? 'healthy' : 'unhealthy',
  };
}
