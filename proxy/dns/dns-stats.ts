/** What a DNS listener counts of names; the server and the forwarder in kernel/dns count messages. */
export class DnsFilterStats {
  aQueries = 0;
  aaaaQueries = 0;
  srvQueries = 0;
  otherQueries = 0;
  /** About a name of the table, or of a known suffix. */
  knownDomainQueries = 0;
  /** Of those, questions about what a search list made of such a name. */
  searchListAnswers = 0;
  /** Records. */
  localA = 0;
  localAaaa = 0;
  localSrv = 0;
  clusterA = 0;
  clusterAaaa = 0;
  clusterSrv = 0;
  /** Questions for others. */
  externalA = 0;
  externalAaaa = 0;
  externalOther = 0;
  /** About names of others, which nobody here asks for. */
  refused = 0;

  /** Counts a question by its type. */
  asked(type: string): void {
    if (type === 'A') this.aQueries++;
    else if (type === 'AAAA') this.aaaaQueries++;
    else if (type === 'SRV') this.srvQueries++;
    else this.otherQueries++;
  }

  /** Counts a question that goes on to others. */
  passedOn(type: string): void {
    if (type === 'A') this.externalA++;
    else if (type === 'AAAA') this.externalAaaa++;
    else this.externalOther++;
  }
}
