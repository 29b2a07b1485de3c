/** As much of a Kubernetes client as the tests need: objects are applied, read and deleted over HTTPS. */
import { Agent, request } from 'undici';

/** Any object. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** An answer as it came. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: KubernetesObject & { readonly message?: string; readonly items?: readonly KubernetesObject[] };
}

/** Where objects of a kind are. */
const GROUPS: Readonly<Record<string, readonly [path: string, plural: string, namespaced: boolean]>> = {
  Namespace: ['/api/v1', 'namespaces', false],
  Node: ['/api/v1', 'nodes', false],
  Pod: ['/api/v1', 'pods', true],
  Service: ['/api/v1', 'services', true],
  ServiceAccount: ['/api/v1', 'serviceaccounts', true],
  ConfigMap: ['/api/v1', 'configmaps', true],
  Secret: ['/api/v1', 'secrets', true],
  PersistentVolumeClaim: ['/api/v1', 'persistentvolumeclaims', true],
  Deployment: ['/apis/apps/v1', 'deployments', true],
  StatefulSet: ['/apis/apps/v1', 'statefulsets', true],
  Job: ['/apis/batch/v1', 'jobs', true],
  PodDisruptionBudget: ['/apis/policy/v1', 'poddisruptionbudgets', true],
  NetworkPolicy: ['/apis/networking.k8s.io/v1', 'networkpolicies', true],
  Role: ['/apis/rbac.authorization.k8s.io/v1', 'roles', true],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'rolebindings', true],
  ClusterRole: ['/apis/rbac.authorization.k8s.io/v1', 'clusterroles', false],
  ClusterRoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'clusterrolebindings', false],
  MutatingWebhookConfiguration: ['/apis/admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations', false],
  MutatingAdmissionPolicy: ['/apis/admissionregistration.k8s.io/v1', 'mutatingadmissionpolicies', false],
  MutatingAdmissionPolicyBinding: ['/apis/admissionregistration.k8s.io/v1', 'mutatingadmissionpolicybindings', false],
  ValidatingAdmissionPolicy: ['/apis/admissionregistration.k8s.io/v1', 'validatingadmissionpolicies', false],
  ValidatingAdmissionPolicyBinding: [
    '/apis/admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    false,
  ],
};

/** See the head of this file. */
export class ApiClient {
  readonly #origin: string;
  readonly #dispatcher: Agent;
  readonly #token: string;

  constructor(port: number, ca: string, token: string) {
    this.#origin = `https://127.0.0.1:${port}`;
    this.#dispatcher = new Agent({ connect: { ca } });
    this.#token = token;
  }

  /** Any request; a body is sent as JSON, a text as it is. */
  async raw(
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<ApiAnswer> {
    const answer = await request(`${this.#origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': type },
      dispatcher: this.#dispatcher,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : { message: text } };
  }

  /** As `kubectl create`: also what is refused is an answer. `dryRun` goes all the way but to the store. */
  create(object: KubernetesObject, { dryRun = false } = {}): Promise<ApiAnswer> {
    return this.raw('POST', `${pathOf(object)}?fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`, object);
  }

  /** As `kubectl apply --server-side`. `text` is the same object in YAML. Throws when it is refused. */
  async apply(object: KubernetesObject, text?: string): Promise<KubernetesObject> {
    const path = `${pathOf(object)}/${object.metadata.name}?fieldManager=tests&force=true&fieldValidation=Strict`;
    const { status, body } = await this.raw('PATCH', path, text ?? object, 'application/apply-patch+yaml');
    if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${body.message}`);
    return body;
  }

  /** Undefined: there is none. */
  async get(kind: string, namespace: string, name: string): Promise<KubernetesObject | undefined> {
    const { status, body } = await this.raw('GET', `${pathTo(kind, namespace)}/${name}`);
    return status === 200 ? body : undefined;
  }

  /** All of a kind, by labels. */
  async list(kind: string, namespace: string, selector = ''): Promise<readonly KubernetesObject[]> {
    const { body } = await this.raw('GET', `${pathTo(kind, namespace)}?labelSelector=${encodeURIComponent(selector)}`);
    // In a list they do not say what they are.
    return (body.items ?? []).map((each) => ({ ...each, kind }));
  }

  /** As `kubectl delete`, without grace; what is not there is fine. */
  async delete({ kind, metadata }: Pick<KubernetesObject, 'kind' | 'metadata'>): Promise<void> {
    const options = { gracePeriodSeconds: 0, propagationPolicy: 'Background' };
    await this.raw('DELETE', `${pathTo(kind, metadata.namespace ?? 'default')}/${metadata.name}`, options);
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }
}

/** The kinds that a cluster of these tests is asked for. */
export const KINDS = Object.keys(GROUPS);

function pathOf({ kind, metadata }: KubernetesObject): string {
  return pathTo(kind, metadata.namespace ?? 'default');
}

function pathTo(kind: string, namespace: string): string {
  const found = GROUPS[kind];
  if (found === undefined) throw new Error(`the client does not know where ${kind} is`);
  const [path, plural, namespaced] = found;
  return `${path}${namespaced && namespace !== '' ? `/namespaces/${namespace}` : ''}/${plural}`;
}
