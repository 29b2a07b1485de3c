/** Stands for the head of a request that could not be read: it means nothing. */
import { Field } from '../hpack/field.ts';
import { Http2RequestHead } from './request-head.ts';

const method = new Field(':method', 'GET', 'repeated');

export const NO_HEAD: Http2RequestHead = new Http2RequestHead(
  { method, scheme: null, authority: '', authorityField: null, path: null, protocol: null },
  [],
  0,
  'none',
  -1,
);
