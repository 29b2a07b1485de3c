/**
 * Reviews: what customers say. The frontend can do without it.
 */
import { serve } from './service.ts';

serve({
  'GET /reviews': () => ({
    lantern: ['Bright.', 'Survived the river.'],
    saddle: ['My horse approves.'],
    compass: ['Points north.'],
  }),
});
