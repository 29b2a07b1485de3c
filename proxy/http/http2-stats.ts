/** Counters of the HTTP/2 codec of one side, with Envoy's names where it has the same figure. Plain fields. */
export class Http2Stats {
  streamsActive = 0;
  streamsRefused = 0;
  readsDeferred = 0;
  rxReset = 0;
  txReset = 0;
  goawaySent = 0;
  protocolError = 0;
  headerOverflow = 0;
  headerBlockTooLarge = 0;
  continuationFlood = 0;
  emptyFramesFlood = 0;
  controlFramesFlood = 0;
  outboundControlFlood = 0;
  resetFlood = 0;
  messagingError = 0;
  messagingErrorFlood = 0;
  tooManyInterim = 0;
}
