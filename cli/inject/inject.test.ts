import fc from 'fast-check';
import t from 'tap';
import { parse, stringify as stringifyYaml } from 'yaml';
import { declaration, type InjectSettings } from './helpers.ts';
import { injectText, stripText } from './inject.ts';

const SETTINGS: InjectSettings = {
  image: 'outrider',
  initImage: 'outrider-init',
  controlPlane: null,
  tokens: null,
  ca: null,
  egress: 'allow',
  drainTimeoutS: 30,
  sidecarMemory: null,
};

interface Compose {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
  readonly networks?: Readonly<Record<string, unknown>>;
}

function inject(text: string, more: Partial<InjectSettings> = {}) {
  const result = injectText(text, 'compose.yaml', { ...SETTINGS, ...more });
  if (!result.ok) throw new Error(result.error.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const compose = parse(result.value.text, { merge: true }) as Compose;
  return { ...result.value, compose, services: compose.services };
}

function refusals(text: string, more: Partial<InjectSettings> = {}): string[] {
  const result = injectText(text, 'compose.yaml', { ...SETTINGS, ...more });
  if (result.ok) return [];
  return result.error.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

const SHOP = `# A shop.
x-common: &common
  restart: unless-stopped # always there

services:
  # What people see.
  web:
    <<: *common
    image: shop/web
    ports: ["8080:80", "9443:9443/udp"]
    hostname: www
    extra_hosts: ["old:10.0.0.1"]
    depends_on: [db] # first

  db: # bytes
    image: shop/db
    expose: ["5432/tcp"]
    profiles: [all]
    healthcheck: { test: [CMD, pg_isready] }
    x-outrider: { protocol: tcp, config: { price: "$$5" } }

  logger:
    image: shop/logger
    labels: { outrider.inject: "false" }
    network_mode: service:web
# the end
`;

t.test('beside a service stands what it needs, and what belongs to the network is its owner’s', (t) => {
  const { services, compose, notes, text } = inject(SHOP);
  t.strictSame(services.web, {
    restart: 'unless-stopped',
    image: 'shop/web',
    depends_on: {
      db: { condition: 'service_started' },
      'web-ready': { condition: 'service_completed_successfully' },
    },
    network_mode: 'service:web-network',
  });
  t.match(services['web-network'], {
    image: 'outrider-init',
    ports: ['8080:80', '9443:9443/udp'],
    hostname: 'www',
    extra_hosts: ['old:10.0.0.1'],
    networks: { default: { aliases: ['web'] } },
    'x-outrider': { injected: 'web' },
  });
  t.match(services['web-intercept'], {
    user: '0',
    cap_add: ['NET_ADMIN', 'NET_RAW'],
    command: ['intercept'],
  });
  t.match(services['web-sidecar'], {
    image: 'outrider',
    user: '1337',
    read_only: true,
    cap_drop: ['ALL'],
    network_mode: 'service:web-network',
    healthcheck: {},
    depends_on: {
      'web-intercept': { condition: 'service_completed_successfully' },
      outrider: { condition: 'service_started' },
    },
  });
  t.equal(
    (services['web-sidecar']!.command as string[]).join(' '),
    'sidecar --control-plane outrider:15010 --workload web --port 80 --token-file /var/lib/outrider/token',
  );
  t.match(services['web-drain'], { depends_on: { web: {} }, command: ['drain'], stop_grace_period: '40s' });
  t.strictSame(services['db-sidecar']!.profiles, ['all'], 'parts come and go with their service');
  t.match(services['db-sidecar']!.command, [
    'sidecar',
    '--control-plane',
    /./,
    '--workload',
    'db',
    '--protocol',
    'tcp',
  ]);
  t.equal(services.logger!.network_mode, 'service:web-network', 'who looks over the shoulder of one still does');
  t.equal(services['logger-sidecar'], undefined);
  t.strictSame(Object.keys(compose.volumes!), ['outrider-state', 'web-sidecar', 'db-sidecar']);
  t.match(notes, [/services.db.healthcheck runs in its own container.*port 5432/]);
  for (const comment of ['# A shop.', '# always there', '# What people see.', '# first', '# bytes', '# the end'])
    t.ok(text.includes(comment), comment);
  t.ok(text.indexOf('\n  web-drain:') < text.indexOf('\n  db:'), 'each stands behind its service');
  t.end();
});

t.test('the control plane knows the services, as Compose hands the text on', (t) => {
  const { services, plans } = inject(SHOP);
  const { OUTRIDER_APPLY } = services.outrider!.environment as { readonly OUTRIDER_APPLY: string };
  // Compose makes one dollar sign of two, outside of our sight.
  t.equal(OUTRIDER_APPLY.replaceAll('$$', '$'), declaration(plans));
  t.strictSame(parse(declaration(plans)), {
    services: {
      web: { expose: [80], deploy: { replicas: 0 } },
      db: { expose: [5432], deploy: { replicas: 0 }, 'x-outrider': { protocol: 'tcp', config: { price: '$$5' } } },
    },
  });
  t.match(services.outrider, { user: '1337', read_only: true, cap_drop: ['ALL'] });
  t.strictSame(services.outrider!.volumes, [
    'outrider-state:/var/lib/outrider',
    'web-sidecar:/run/outrider/web',
    'db-sidecar:/run/outrider/db',
  ]);
  t.end();
});

t.test('with networks of its own a service is found by its name in each, and the control plane is in all', (t) => {
  const { services, compose } = inject(`services:
  web: { image: a, networks: [front, back], expose: [80] }
  db:
    image: b
    networks:
      back: { aliases: [database], ipv4_address: 10.1.2.3 }
networks: { front: {}, back: {} }
`);
  t.strictSame(services['web-network']!.networks, {
    front: { aliases: ['web'] },
    back: { aliases: ['web'] },
    outrider: {},
  });
  t.strictSame(services['db-network']!.networks, {
    back: { aliases: ['database', 'db'], ipv4_address: '10.1.2.3' },
    outrider: {},
  });
  t.strictSame(services.outrider!.networks, ['outrider']);
  t.strictSame(Object.keys(compose.networks!), ['front', 'back', 'outrider']);
  const one = inject('services: { web: { image: a, networks: [back] } }\nnetworks: { back: {} }\n');
  t.strictSame(one.services['web-network']!.networks, { back: { aliases: ['web'] } });
  t.strictSame(one.services.outrider!.networks, ['back']);
  t.end();
});

t.test('with a control plane elsewhere there is none here, and tokens come from the machine', (t) => {
  const more = { controlPlane: [{ host: 'mesh.test', port: 15_010 }], tokens: './tokens', ca: './ca.pem' };
  const { services, compose } = inject('services: { web: { image: a, expose: [80] } }\n', more);
  t.equal(services.outrider, undefined);
  t.match(
    (services['web-sidecar']!.command as string[]).join(' '),
    /mesh.test:15010.*--token-file \/run\/outrider\/token --ca/,
  );
  t.strictSame(services['web-sidecar']!.volumes, [
    'web-sidecar:/var/lib/outrider',
    './tokens/web:/run/outrider/token:ro',
    './ca.pem:/run/outrider/ca.pem:ro',
  ]);
  t.strictSame(Object.keys(compose.volumes!), ['web-sidecar']);
  const own = inject('services: { web: { image: a }, mesh: { image: outrider } }\n', {
    controlPlane: [{ host: 'mesh', port: 15_010 }],
  });
  t.match(own.services['web-sidecar']!.depends_on, { mesh: { condition: 'service_started' } });
  t.equal(own.services['mesh-sidecar'], undefined, 'it gets none itself');
  t.end();
});

t.test('what is shared by anchors is changed for one service alone', (t) => {
  const { services } = inject(`x-base: &base { image: a, expose: [80], depends_on: [db] }
services:
  web: &web
    <<: *base
    command: one
  copy:
    <<: *web
    command: two
  plain:
    <<: *web
    x-outrider: { inject: false }
  same: *web
  db: { image: b, depends_on: &late [web] }
  later: { image: c, depends_on: *late, x-outrider: { inject: false } }
`);
  t.strictSame(services.later!.depends_on, ['web']);
  t.match(services.web, { image: 'a', network_mode: 'service:web-network', depends_on: { db: {}, 'web-ready': {} } });
  t.match(services.copy, { command: 'two', network_mode: 'service:copy-network', depends_on: { 'copy-ready': {} } });
  t.equal((services.copy!.depends_on as object as Record<string, unknown>)['web-ready'], undefined);
  t.match(services.same, { command: 'one', network_mode: 'service:same-network' });
  t.match(services.plain, { image: 'a', expose: [80], depends_on: ['db'] }, 'one without a sidecar stays as it was');
  t.equal(services.plain!.network_mode, undefined);
  t.equal(services.copy!.expose, undefined);
  t.strictSame(services['copy-network']!.expose, [80]);
  t.end();
});

t.test('what cannot be done is refused with the place, the reason and a way out, all at once', (t) => {
  const refused = (service: string, expected: RegExp) =>
    t.match(refusals(`services:\n  web:\n    image: a\n    ${service}\n`).join('\n'), expected);
  refused('network_mode: host', /^4 services.web.network_mode: .*the network of the machine.*inject: false/);
  refused('network_mode: service:db', /"service:db" instead: take network_mode away/);
  refused('network_mode: none', /"none"/);
  refused('scale: 0', /^4 services.web.scale: "0" replicas: .*a number from 1 to 50, or leave the service out/);
  refused('scale: 2\n    container_name: w', /container_name: "container_name" beside several/);
  refused(
    'scale: 2\n    ports: ["80:80"]',
    /^5 services.web.ports\[0\]: a port of the machine beside several replicas/,
  );
  refused('scale: 2\n    ports: [{ target: 80, published: 80 }]', /a port of the machine/);
  const variable = (name: string) => `"$\{${name}}"`;
  refused(`deploy: { replicas: ${variable('N')} }`, /deploy.replicas: "\$\{N\}" replicas/);
  refused('deploy: { mode: global }', /is for a swarm/);
  refused('privileged: true', /"privileged" could take the rules away.*inject: true/);
  refused('cap_add: [net_admin]', /services.web.cap_add\[0\]: capability net_admin could/);
  refused('user: "1337:1337"', /is the sidecar's: what it sends passes by the sidecar/);
  refused('extends: { service: base }', /"extends" brings in what stands elsewhere: run "docker compose config" first/);
  refused('links: [db]', /"links" need a network namespace/);
  refused('ports: ["80:80", "443:443"]', /ports lead to 80 and 443: which one is the application's/);
  refused(`ports: [${variable('PORT')}]`, /services.web.ports\[0\]: "\$\{PORT\}": which port/);
  refused('expose: [15001]', /port 15001 is the sidecar's own/);
  refused('x-outrider: { protokol: tcp }', /services.web.x-outrider.protokol: unknown field/);
  refused('x-outrider: { port: 80000 }', /services.web.x-outrider.port: 80000 is not allowed/);
  refused('sysctls: { net.core.somaxconn: 1, kernel.msgmax: 2 }', /has "kernel.msgmax" beside those of the network/);
  t.match(refusals('services: { Web_App: { image: a } }\n')[0], /services.Web_App: .*rename it/);
  t.match(
    refusals('services: { web: { image: a }, web-ready: { image: b } }\n')[0],
    /"web-ready" is the name of a part/,
  );
  t.match(
    refusals('services: { outrider: { image: a, x-outrider: { inject: false } }, b: {} }\n')[0],
    /--control-plane/,
  );
  t.match(refusals('include: [x.yaml]\nservices: { web: {} }\n')[0], /1 include: "include" brings in/);
  t.match(refusals('a: 1\n')[0], /has no services/);
  t.match(refusals('services: { web: }: }\n')[0], /^1 : /);
  t.equal(refusals('services:\n  a: { privileged: true, network_mode: host }\n  b: { scale: 0 }\n').length, 3);
  t.strictSame(refusals('services: { web: { privileged: true, x-outrider: { inject: true } } }\n'), []);
  t.end();
});

t.test('each replica becomes a service of its own, under the name that callers use', (t) => {
  const { services, text } = inject(`services:
  web:
    image: a
    ports: ["80"]
    deploy: { replicas: 3, resources: { limits: { memory: 64M } } }
  db: { image: b, scale: 2, expose: [5432], x-outrider: { service: store, protocol: tcp } }
`);
  const limits = { deploy: { resources: { limits: { memory: '64M' } } } };
  t.strictSame(services.web!.deploy, limits.deploy, 'Compose starts one of each');
  t.strictSame(services.web!['x-outrider'], { replicas: 3 });
  t.match(services['web-3'], { image: 'a', network_mode: 'service:web-3-network', ...limits });
  t.strictSame(services['web-3']!['x-outrider'], { service: 'web', injected: 'web' });
  t.strictSame(services['web-3-network']!.networks, { default: { aliases: ['web-3', 'web'] } });
  t.match((services['web-3-sidecar']!.command as string[]).join(' '), /--workload web-3 --service web --port 80 /);
  t.equal(services['web-4'], undefined);
  t.match((services['db-2-sidecar']!.command as string[]).join(' '), /--workload db-2 --service store --protocol tcp/);
  t.equal(services.db!.scale, undefined);
  t.equal(inject(text).text, text);
  const more = inject(text.replace('replicas: 3', 'replicas: 4'));
  t.ok(more.services['web-4-sidecar'], 'the number may be changed where it stands now');
  const stripped = stripText(text, 'compose.yaml');
  t.match(parse(stripped.ok ? stripped.value : ''), { services: { web: { deploy: { replicas: 3 } } } });
  t.match(refusals('services: { web: { scale: 2 }, web-2: { image: a } }\n')[0], /"web-2" is the name of a part/);
  t.match(refusals('services: { web: {} }\nnetworks: { default: { enable_ipv6: true } }\n')[0], /carry IPv4 alone/);
  t.end();
});

t.test('a field that was added to an injected file beside its own copy is not lost', (t) => {
  const { text } = inject('services:\n  web:\n    image: a\n    ports: ["80:80"]\n');
  const edited = text.replace('    image: a\n', '    image: a\n    ports: ["81:81"]\n');
  t.match(refusals(edited)[0], /services.web.ports: "ports" stands here and in web-network/);
  t.end();
});

t.test('health checks that are requests are the sidecar’s to make', (t) => {
  const command = (service: string) => {
    const { services } = inject(`services:\n  web:\n    expose: [80]\n    ${service}\n`);
    return (services['web-sidecar']!.command as string[]).join(' ');
  };
  t.match(
    command('healthcheck: { test: "curl -f http://localhost/live || exit 1", interval: 7s }'),
    /--health-path \/live --health-interval 7/,
  );
  t.match(command('x-outrider: { health: { grpc: { service: shop.Web } } }'), /--health-grpc shop.Web/);
  t.notMatch(command('healthcheck: { disable: true }'), /health/);
  t.match(command('x-outrider: { service: front, version: v2 }'), /--service front --workload-version v2/);
  t.end();
});

/** Files as people write them, out of parts that touch each other. */
const service = fc.record(
  {
    image: fc.constantFrom('a', 'b:1'),
    ports: fc.constantFrom<unknown>(['80:80'], [{ target: 80, published: 8080 }], ['127.0.0.1:80:80', '53:53/udp']),
    expose: fc.constantFrom<unknown>([80], ['90/tcp']),
    hostname: fc.constantFrom('h', 'x.y'),
    networks: fc.constantFrom<unknown>(['front'], { front: null, back: { aliases: ['z'] } }, null),
    depends_on: fc.constantFrom<unknown>(['other'], { other: { condition: 'service_healthy' } }),
    profiles: fc.constantFrom<unknown>(['p']),
    sysctls: fc.constantFrom<unknown>({ 'net.core.somaxconn': 1024 }, ['kernel.msgmax=1']),
    'x-outrider': fc.constantFrom<unknown>({ port: 7 }, { inject: false }, { protocol: 'tcp' }),
    labels: fc.constantFrom<unknown>(['a=b'], { 'outrider.inject': 'false' }),
    dns: fc.constantFrom<unknown>('1.1.1.1', ['1.1.1.1']),
    deploy: fc.constantFrom<unknown>({ replicas: 1 }, { resources: { limits: { memory: '1G' } } }),
    scale: fc.constantFrom(1),
  },
  { requiredKeys: ['image'] },
);

t.test('a second run gives the same text, and taking all out again leaves what was there', (t) => {
  const files = fc.record({
    services: fc.dictionary(fc.constantFrom('web', 'db', 'x-y', 'n1'), service, { minKeys: 1 }),
    volumes: fc.constantFrom<unknown>({ data: {} }, undefined),
    flow: fc.boolean(),
  });
  fc.assert(
    fc.property(files, ({ services, volumes, flow }) => {
      const other = { image: 'o', deploy: { replicas: 2 } };
      const value = { services: { ...services, other }, ...(volumes === undefined ? {} : { volumes }) };
      const text = flow ? JSON.stringify(value) : inYaml(value);
      const first = inject(text).text;
      t.equal(inject(first).text, first);
      const stripped = stripText(first, 'compose.yaml');
      const left = stripped.ok ? stripText(stripped.value, 'compose.yaml') : stripped;
      t.same(left, stripped, 'nothing is left to take out');
      t.notMatch(stripped.ok && stripped.value, /injected|outrider-/);
      t.equal(stripped.ok && inject(stripped.value).text, first, 'and put in again, it is the same');
    }),
    { numRuns: 100 },
  );
  t.end();
});

function inYaml(value: unknown): string {
  return `# top\n${stringifyYaml(value, { aliasDuplicateObjects: false })}# bottom\n`;
}
