/**
 * Catalog: the products, with what the inventory says about them. One file for both versions: v2 also knows prices.
 */
import { call, serve } from './service.ts';

const version = process.env.OUTRIDER_VERSION ?? 'v1';
const products = [
  { name: 'lantern', price: 19 },
  { name: 'saddle', price: 240 },
  { name: 'compass', price: 35 },
];

serve({
  'GET /products': async (request) => {
    const stock = (await call(request, 'http://inventory/stock')) as Record<string, number>;
    return {
      version,
      replica: process.env.OUTRIDER_REPLICA,
      products: products.map(({ name, price }) => ({
        name,
        inStock: stock[name] ?? 0,
        ...(version === 'v1' ? {} : { price }),
      })),
    };
  },
});
