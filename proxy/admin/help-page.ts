/** `/help` as text and `/` as a page: what there is to ask. */
import { type AdminEndpoint, type AdminReply, textReply } from './admin-endpoint.ts';

/** Both endpoints, over all others. */
export function helpEndpoints(others: readonly AdminEndpoint[]): AdminEndpoint[] {
  const home: AdminEndpoint = { path: '/', help: 'Admin home page', handle: () => homePage(all) };
  const help: AdminEndpoint = {
    path: '/help',
    help: 'print out list of admin commands',
    handle: () => textReply(helpText(all)),
  };
  const all = [...others, home, help].sort((a, b) => (a.path < b.path ? -1 : 1));
  return [home, help];
}

/** One line per endpoint. */
export function helpText(endpoints: readonly AdminEndpoint[]): string {
  const lines = endpoints.map(({ path, help, parameters = [] }) => {
    const hint = parameters.length === 0 ? '' : ` [?${parameters.join('&')}]`;
    return `  ${path}${hint}: ${help}\n`;
  });
  return `admin commands are:\n${lines.join('')}`;
}

function homePage(endpoints: readonly AdminEndpoint[]): AdminReply {
  const none = new URLSearchParams();
  const rows = endpoints.map((endpoint) => {
    const { path, help, parameters = [] } = endpoint;
    const name = endpoint.changes?.(none)
      ? `<form method="post" action="${path}"><button>${path}</button></form>`
      : `<a href="${path}">${path}</a>`;
    return `<tr><td>${name}<td>${escaped(parameters.join(' '))}<td>${escaped(help)}`;
  });
  const style =
    'body{font:14px system-ui;margin:2em}td{padding:.2em 1em .2em 0;vertical-align:top}td:nth-child(2){color:#777}form{margin:0}';
  const body = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Outrider admin</title><style>${style}</style>
<h1>Outrider</h1>
<table>
${rows.join('\n')}
</table>
`;
  return { status: 200, contentType: 'text/html; charset=UTF-8', body };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
