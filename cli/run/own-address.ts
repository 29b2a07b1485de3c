/** Where callers reach an application that is started here. */
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ServerAddress } from '../../control-plane/translate/control-plane-cluster.ts';
import { isLoopbackHost } from '../../kernel/host-port.ts';
import { CliError, messageOf } from '../errors.ts';
import { ownAddress } from '../sidecar/own-address.ts';

/** What callers are told, and what is listened at. */
export interface OwnAddress {
  readonly advertised: string;
  readonly listen: string;
}

/**
 * `given`, or from where this machine reaches a control plane that is on another; null: on this machine alone, as its control
 * planes are. Rejects with a sentence when there is no way to them.
 */
export async function addressOf(
  given: string | null,
  controlPlanes: readonly ServerAddress[],
): Promise<OwnAddress | null> {
  const remote = controlPlanes.find(({ host }) => !isLoopbackHost(host));
  if (given === null && remote === undefined) return null;
  const advertised =
    given ??
    (await ownAddress(remote!).catch((error: unknown) => {
      throw new CliError(
        `--control-plane ${remote!.host}: there is no way there from this machine (${messageOf(error)})`,
      );
    }));
  return { advertised, listen: listenFor(advertised) };
}

/** Everything, where the address is somebody else's who passes on what comes. */
function listenFor(address: string): string {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  if (isLoopbackHost(address) || own.some((each) => each.address === address)) return address;
  return isIPv6(address) ? '::' : '0.0.0.0';
}
