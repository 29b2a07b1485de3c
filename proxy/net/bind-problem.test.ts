import t from 'tap';
import { bindProblem } from './bind-problem.ts';

t.test('a privileged port says what would allow it; everything else is said as the system does', (t) => {
  const error = (code: string) => Object.assign(new Error(`listen ${code}`), { code });
  t.equal(
    bindProblem(error('EACCES'), 80),
    'this user may not listen at port 80: allow it by net.ipv4.ip_unprivileged_port_start or CAP_NET_BIND_SERVICE (EACCES)',
  );
  t.equal(bindProblem(error('EACCES'), 8_080), 'listen EACCES');
  t.equal(bindProblem(error('EADDRINUSE'), 80), 'listen EADDRINUSE');
  t.equal(bindProblem('odd', 80), 'odd');
  t.end();
});
