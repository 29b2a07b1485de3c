/**
 * Frontend: what customers reach. It asks the catalog and the reviews for its page, and the payment for an order.
 */
import type { IncomingMessage } from 'node:http';
import { call, serve, setting } from './service.ts';

/** The page goes out without reviews when there are none to be had. */
async function reviewsOrNone(request: IncomingMessage): Promise<unknown> {
  try {
    return await call(request, 'http://reviews/reviews');
  } catch {
    return {};
  }
}

serve({
  'GET /': async (request) => {
    const [catalog, reviews] = await Promise.all([call(request, 'http://catalog/products'), reviewsOrNone(request)]);
    return { banner: setting('BANNER', 'Welcome to the shop'), catalog, reviews };
  },
  'POST /orders': async (request, url) => {
    const product = url.searchParams.get('product') ?? 'lantern';
    const payment = await call(request, `http://payment/payments?product=${encodeURIComponent(product)}`, {
      method: 'POST',
    });
    return { order: product, payment };
  },
});
