/** `/recorder`: what became of the latest requests, and why. */
import { FLIGHTS_KEPT } from '../telemetry/recorder/flight-recorder.ts';
import { type AdminEndpoint, jsonReply, patternOf, textReply } from './admin-endpoint.ts';
import { flightJson, flightText } from './flight-text.ts';
import type { AdminViews, FlightView } from './views.ts';

/** How many are told when nothing is said, and at most: the latest, and apart from them the latest troubled ones. */
const LIMIT = 20;
const LIMIT_MAX = 2 * FLIGHTS_KEPT;

/** The endpoint over the flight recorder. */
export function recorderEndpoint(views: Pick<AdminViews, 'flights'>): AdminEndpoint {
  return {
    path: '/recorder',
    help: 'what became of the latest requests, and why',
    parameters: ['format=text|json', 'troubled', 'path=REGEX', 'status=503|5xx', 'limit=20'],
    handle: ({ query }) => {
      const fits = selection(query);
      if (typeof fits === 'string') return textReply(`${fits}\n`, 400);
      const limit = limitOf(query.get('limit'));
      if (limit === null) return textReply(`limit=${query.get('limit')} is no number: 1 to ${LIMIT_MAX} are\n`, 400);
      const { flights, wallTimeOf } = views.flights();
      const chosen = flights.filter(fits).slice(0, limit);
      if (query.get('format') === 'json') return jsonReply(chosen.map((each) => flightJson(each, wallTimeOf)));
      if (chosen.length === 0) return textReply('no request is remembered that fits\n');
      return textReply(chosen.map((each) => flightText(each, wallTimeOf)).join(''));
    },
  };
}

/** Which flights are wanted, or what is wrong with the question. */
function selection(query: URLSearchParams): ((flight: FlightView) => boolean) | string {
  const path = patternOf(query, 'path');
  if (typeof path === 'string') return path;
  const status = query.get('status');
  if (status !== null && !/^([1-5]xx|[1-5][0-9][0-9])$/.test(status))
    return `status=${status} is no status: 503 is one, 5xx is all that begin with 5`;
  const troubled = query.has('troubled');
  return (flight) =>
    (!troubled || flight.troubled) &&
    (path === null || path.test(flight.path)) &&
    (status === null || fitsStatus(flight.status, status));
}

function fitsStatus(status: number, wanted: string): boolean {
  return wanted.endsWith('xx') ? String(status).startsWith(wanted[0]!) : String(status) === wanted;
}

function limitOf(text: string | null): number | null {
  if (text === null) return LIMIT;
  const limit = Number(text);
  return Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX ? limit : null;
}
