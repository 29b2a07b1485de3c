/**
 * What a cluster needs for a mesh: every object, ready for `kubectl apply -f -`, and for `kubectl delete -f -`, which leaves
 * nothing. PURE.
 *
 *   namespace ─ certificate, access file, settings of the injection
 *             ├ control plane: Deployment of one, its volume, Service
 *             └ webhook: Deployment, Service, PodDisruptionBudget, MutatingWebhookConfiguration
 *               or, without a server, admission policies
 *
 * Nothing here asks the API server for anything, so that there are no roles: ServiceAccounts are there to have no rights.
 */
import { INJECT_LABEL } from '../../control-plane/injection/names.ts';
import { injectionPolicies, POD_CREATION, POD_SELECTION } from '../../control-plane/injection/policy/policy.ts';
import type { InjectionSettings } from '../../control-plane/injection/settings.ts';
import type { JsonObject } from '../../control-plane/translate/resource.ts';
import { CONTROL_PLANE, controlPlaneObjects, labelsOf, type SystemParts, WEBHOOK, webhookObjects } from './system.ts';

/** See the head of this file. */
export interface ManifestInput {
  readonly namespace: string;
  readonly settings: InjectionSettings;
  /** Authorities of the certificate, in PEM; several while they are exchanged. */
  readonly ca: string;
  /** Of control plane and webhook, in PEM. */
  readonly certificate: { readonly chain: string; readonly key: string };
  /** The access file of the control plane. */
  readonly access: string;
  readonly injector: 'webhook' | 'policy';
  /** What becomes of pods while no webhook answers. */
  readonly failurePolicy: 'Fail' | 'Ignore';
}

/** Names in the certificate: of the Services, as sidecars and API server know them. */
export function serverNames(namespace: string): readonly string[] {
  return [CONTROL_PLANE, WEBHOOK].map((name) => `${name}.${namespace}.svc`);
}

/** All objects, in the order in which they can be created. */
export function manifests(input: ManifestInput): JsonObject[] {
  const { namespace, injector, settings } = input;
  const labels = labelsOf('mesh');
  const everywhere = settings.ipv6 ? '[::]' : '0.0.0.0';
  const parts: SystemParts = { namespace, image: settings.image, pullPolicy: settings.imagePullPolicy, everywhere };
  const injection =
    injector === 'policy' ? injectionPolicies(settings, labels) : [...webhookObjects(parts), configuration(input)];
  return [...foundation(input, labels), ...controlPlaneObjects(parts), ...injection];
}

function foundation({ namespace, certificate, ca, access, settings }: ManifestInput, labels: JsonObject): JsonObject[] {
  const metadata = (name: string) => ({ name, namespace, labels });
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      // What injects is not injected.
      metadata: { name: namespace, labels: { ...labels, ...restricted, [INJECT_LABEL]: 'disabled' } },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('outrider-certificate'),
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': certificate.chain, 'tls.key': certificate.key, 'ca.crt': ca },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('outrider-access'), data: { access } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('outrider-injection'),
      data: { 'settings.json': `${JSON.stringify(settingsFile(settings), null, 2)}\n` },
    },
  ];
}

/** As the webhook reads it back. */
function settingsFile(settings: InjectionSettings): JsonObject {
  const controlPlane = settings.controlPlane.map(({ host, port }) => `${host}:${port}`);
  const { requests, limits } = settings.resources;
  return { ...settings, controlPlane, resources: { requests: { ...requests }, limits: { ...limits } } };
}

function configuration({ namespace, ca, failurePolicy }: ManifestInput): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: WEBHOOK, labels: labelsOf('mesh') },
    webhooks: [
      {
        name: 'inject.outrider.dev',
        admissionReviewVersions: ['v1'],
        clientConfig: {
          caBundle: Buffer.from(ca).toString('base64'),
          service: { name: WEBHOOK, namespace, path: '/inject', port: 443 },
        },
        ...POD_SELECTION,
        rules: [POD_CREATION],
        matchPolicy: 'Equivalent',
        // It changes nothing but the pod that it is asked about: dry runs are answered like others.
        sideEffects: 'None',
        // After other webhooks it sees what they have added; what it has injected it leaves alone.
        reinvocationPolicy: 'IfNeeded',
        failurePolicy,
        timeoutSeconds: 5,
      },
    ],
  };
}
