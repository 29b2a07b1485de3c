/** Pods of every kind and what becomes of them: for the unit tests, and for the suite against a real API server. */
import type { SkipReason } from './decide.ts';
import { inject } from './inject.ts';
import { INJECT_LABEL, PREFIX } from './names.ts';
import type { Container, Pod, PodSpec, Probe } from './pod.ts';
import type { InjectionSettings } from './settings.ts';
import { patched } from './test-patch.ts';

/** One pod. */
export interface PodCase {
  readonly name: string;
  readonly pod: Pod;
  /** Of a refusal, a part of its sentence. */
  readonly becomes: 'injected' | { readonly skipped: SkipReason } | { readonly refused: string };
}

export const SETTINGS: InjectionSettings = {
  image: 'outrider:test',
  interceptImage: 'outrider-init:test',
  imagePullPolicy: 'IfNotPresent',
  controlPlane: [{ host: 'outrider-control-plane.outrider-system.svc', port: 15_010 }],
  ca: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  audience: 'outrider',
  dns: true,
  ipv6: false,
  resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } },
};

/** A container of an application. */
export function container(change: Partial<Container> & Readonly<Record<string, unknown>> = {}): Container {
  return { name: 'web', image: 'web:1', ports: [{ name: 'http', containerPort: 8080 }], ...change } as Container;
}

/** A pod of workload `cart`. */
export function podOf(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  const { labels = { app: 'cart' }, annotations, ...names } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'pod',
      labels,
      ...(annotations === undefined ? {} : { annotations: prefixed(annotations) }),
      ...names,
    },
    spec: { containers: [container()], ...spec },
  } as Pod;
}

function prefixed(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [name.includes('/') ? name : PREFIX + name, value]),
  );
}

const annotated = (annotations: Readonly<Record<string, string>>) => podOf({}, { annotations });
const probed = (change: Record<string, Probe>) => podOf({ containers: [container(change)] });
const injected = (name: string, pod: Pod): PodCase => ({ name, pod, becomes: 'injected' });
const refused = (name: string, pod: Pod, sentence: string): PodCase => ({ name, pod, becomes: { refused: sentence } });
const skipped = (name: string, pod: Pod, why: SkipReason): PodCase => ({ name, pod, becomes: { skipped: why } });

const GET = { httpGet: { path: '/live', port: 8080, scheme: 'HTTP' }, periodSeconds: 7, timeoutSeconds: 3 };

/** Policies have a budget: what they cost grows with the pod. */
const LARGE = Array.from({ length: 30 }, (_, i) => {
  const ports = Array.from({ length: 5 }, (_, j) => ({ name: `p${j}`, containerPort: 2_000 + i * 5 + j }));
  const probe = { httpGet: { path: `/live/${i}`, port: 'p4', httpHeaders: [{ name: 'X-Container', value: `c${i}` }] } };
  return container({ name: `c${i}`, ports, livenessProbe: probe, readinessProbe: probe, startupProbe: probe });
});

/** As another webhook leaves it. */
function withLater(pod: Pod, later: Container): Pod {
  const injection = inject(pod, SETTINGS);
  const once = injection.kind === 'inject' ? patched(pod, injection.patch) : pod;
  return { ...once, spec: { ...once.spec, containers: [later, ...once.spec.containers] } };
}

/** See the head of this file. */
export const POD_CASES: readonly PodCase[] = [
  injected('a bare pod', podOf()),
  injected('a pod of a Deployment, which has no name yet', podOf({}, { generateName: 'cart-7d9f-' })),
  injected('a pod with volumes', podOf({ volumes: [{ name: 'data', emptyDir: {} }] })),
  injected('a pod with annotations of others', podOf({}, { annotations: { 'example.com/team': 'shop' } })),
  injected(
    'a pod with init containers of its own, one of them a sidecar with a probe',
    podOf({
      initContainers: [
        container({ name: 'migrate', ports: [] }),
        container({ name: 'cache', ports: [], restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 6379 } } }),
      ],
    }),
  ),
  injected('a pod that serves nobody', podOf({ containers: [container({ ports: [] })] })),
  injected(
    'a pod whose first port is UDP',
    podOf({
      containers: [container({ ports: [{ containerPort: 53, protocol: 'UDP' }, { containerPort: 8053 }] })],
    }),
  ),
  injected(
    'HTTP probes',
    probed({ livenessProbe: GET, readinessProbe: { httpGet: { port: 'http' } }, startupProbe: GET }),
  ),
  injected(
    'HTTPS probes with headers and odd characters',
    probed({
      livenessProbe: {
        httpGet: {
          port: 8443,
          path: '/live?q="a b"&c=\\$(HOME)',
          scheme: 'HTTPS',
          httpHeaders: [
            { name: 'X-Who', value: 'kube"let' },
            { name: 'Host', value: 'shop.test' },
          ],
        },
      },
    }),
  ),
  injected(
    'TCP, gRPC and command probes',
    podOf({
      containers: [
        container({ livenessProbe: { tcpSocket: { port: 'http' } } }),
        container({
          name: 'rpc',
          ports: [{ containerPort: 9000 }],
          readinessProbe: { grpc: { port: 9000, service: 'cart' } },
        }),
        container({ name: 'job', ports: [], livenessProbe: { exec: { command: ['true'] } } as Probe }),
      ],
    }),
  ),
  injected('a readiness probe of gRPC on its port', probed({ readinessProbe: { grpc: { port: 8080 } } })),
  injected('a probe of another host', probed({ livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } })),
  injected('a probe of a port that has no such name', probed({ livenessProbe: { httpGet: { port: 'nope' } } })),
  injected(
    'containers with hooks of their own',
    podOf({
      containers: [
        container({ lifecycle: { preStop: { exec: { command: ['true'] } } } }),
        container({
          name: 'other',
          ports: [],
          lifecycle: { postStart: { exec: { command: ['true'] } } } as object,
        }),
      ],
    }),
  ),
  injected('no time to end', podOf({ terminationGracePeriodSeconds: 3 })),
  injected(
    'a workload by its recommended labels',
    podOf(
      {},
      {
        labels: { 'app.kubernetes.io/name': 'cart', 'app.kubernetes.io/version': '1.2.3', app: 'other' },
      },
    ),
  ),
  injected(
    'a pod that says everything',
    annotated({
      workload: 'basket',
      port: '9090',
      protocol: 'grpc',
      egress: 'deny',
      'health-path': '/healthz?full',
      'stop-delay': '12',
      'exclude-inbound-ports': '9100,9101',
      'exclude-outbound-ports': '5432',
      'exclude-outbound-addresses': '10.0.0.0/8,fd00::/8',
    }),
  ),
  injected('port none and no delay', annotated({ port: 'none', 'stop-delay': '0' })),
  injected(
    'a large pod',
    podOf({
      containers: LARGE,
      initContainers: LARGE.map((each) => ({ ...each, name: `i${each.name}`, restartPolicy: 'Always' })),
    }),
  ),
  injected(
    'a container that came after the injection',
    withLater(
      probed({ livenessProbe: GET }),
      container({ name: 'late', ports: [], startupProbe: { tcpSocket: { port: 7 } } }),
    ),
  ),
  injected(
    'one into a pod that had no probes',
    withLater(podOf(), container({ name: 'late', ports: [], startupProbe: GET })),
  ),
  injected('one without a probe', withLater(podOf(), container({ name: 'late', ports: [] }))),
  injected('another user', podOf({ securityContext: { runAsUser: 1000 } })),

  skipped('opted out', podOf({}, { labels: { app: 'cart', [INJECT_LABEL]: 'disabled' } }), 'opted-out'),
  skipped('the host network', podOf({ hostNetwork: true }), 'host-network'),
  skipped('Windows', podOf({ os: { name: 'windows' } }), 'windows'),
  skipped('Windows by its nodes', podOf({ nodeSelector: { 'kubernetes.io/os': 'windows' } }), 'windows'),

  refused(
    'a sidecar by hand',
    podOf({ containers: [container(), container({ name: 'outrider-proxy', ports: [] })] }),
    'the pod has outrider-proxy already, and was not injected: take it out',
  ),
  refused(
    'half of an injection',
    podOf({ initContainers: [container({ name: 'outrider-intercept', ports: [] })] }),
    'the pod has outrider-intercept already',
  ),
  refused(
    'a volume of ours',
    podOf({ volumes: [{ name: 'outrider-state', emptyDir: {} }] }),
    'has outrider-state already',
  ),
  refused(
    'the user of the sidecar',
    podOf({ containers: [container({ securityContext: { runAsUser: 1337 } })] }),
    'container web runs as user 1337, which is the sidecar',
  ),
  refused(
    'the user of the sidecar in an init container',
    podOf({ initContainers: [container({ name: 'migrate', ports: [], securityContext: { runAsUser: 1337 } })] }),
    'container migrate runs as user 1337',
  ),
  refused(
    'the user of the sidecar in all',
    podOf({ securityContext: { runAsUser: 1337 } }),
    'the pod runs as user 1337',
  ),
  refused(
    'a container that came later, as the user of the sidecar',
    withLater(podOf(), container({ name: 'late', ports: [], securityContext: { runAsUser: 1337 } })),
    'container late runs as user 1337',
  ),
  refused(
    'a port of the sidecar',
    podOf({ containers: [container({ ports: [{ containerPort: 15_006 }] })] }),
    'container web has port 15006, which is the sidecar',
  ),
  refused('an unknown annotation', annotated({ prot: '80' }), `there is no annotation ${PREFIX}prot`),
  refused('a port that is none', annotated({ port: '70000' }), `annotation ${PREFIX}port is "70000": it must be where`),
  refused('a protocol that is none', annotated({ protocol: 'udp' }), 'protocol is "udp": it must be one of auto, http'),
  refused('egress that is neither', annotated({ egress: 'no' }), 'egress is "no": it must be allow or deny'),
  refused('a delay that is none', annotated({ 'stop-delay': '5s' }), 'stop-delay is "5s": it must be seconds'),
  refused('a list that is none', annotated({ 'exclude-inbound-ports': '1, 2' }), 'must be ports, such as'),
  refused('a path that is none', annotated({ 'health-path': 'healthz' }), 'must be a path that begins with /'),
  refused('nobody', podOf({}, { labels: {} }), 'does not say which workload of the mesh it is: give it the label'),
  refused(
    'a name that is none',
    podOf({}, { labels: { app: 'Cart.v2' } }),
    `label makes it workload "Cart.v2", which must be`,
  ),
];
