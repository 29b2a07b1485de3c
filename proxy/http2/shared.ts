/** What all HTTP/2 connections of one event loop share. */
import type { Loop } from '../net/loop.ts';
import { FairShare } from './fair-share.ts';
import { FieldTable } from './hpack/field-table.ts';
import { FieldCollector } from './message/field-collector.ts';

export class Http2Shared {
  readonly loop: Loop;
  readonly fields: FieldTable = new FieldTable();
  readonly collector: FieldCollector;
  readonly share: FairShare = new FairShare();

  constructor(loop: Loop) {
    this.loop = loop;
    this.collector = new FieldCollector(this.fields);
  }
}
