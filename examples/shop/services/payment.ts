/**
 * Payment: takes the money for an order when the product is in stock.
 */
import { call, serve } from './service.ts';

serve({
  'POST /payments': async (request, url) => {
    const product = url.searchParams.get('product') ?? '';
    const { inStock } = (await call(request, `http://inventory/stock?product=${encodeURIComponent(product)}`)) as {
      inStock: number;
    };
    return { product, paid: inStock > 0 };
  },
});
