/**
 * Inventory: how many of each product are in stock. Everybody asks it, and it asks nobody.
 */
import { serve } from './service.ts';

const stock: Readonly<Record<string, number>> = { lantern: 12, saddle: 3, compass: 40 };

serve({
  'GET /stock': (_request, url) => {
    const product = url.searchParams.get('product');
    return product === null ? stock : { product, inStock: stock[product] ?? 0 };
  },
});
