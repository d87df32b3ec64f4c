// Reads a pair of templates, [old, new] as JSON, from each line. For each it
// writes one line: the changes that @aws-cdk/cloudformation-diff calls relevant
// for security.
const { fullDiff } = require('@aws-cdk/cloudformation-diff');
const readline = require('readline');

readline.createInterface({ input: process.stdin }).on('line', line => {
  const [before, after] = JSON.parse(line);
  const { iamChanges, securityGroupChanges } = fullDiff(before, after);
  const flat = changes => ({
    statements: changes.statements.map(s => s._toJson()),
    policies: changes.policies.map(p => p._toJson()),
    sso: changes.sso,
    rules: changes.rules.map(r => r.toJson()),
  });
  console.log(JSON.stringify({
    added: flat(side('additions')),
    removed: flat(side('removals')),
  }));

  function side(name) {
    return {
      statements: iamChanges.statements[name],
      policies: iamChanges.managedPolicies[name],
      sso: [...iamChanges.ssoAssignments[name], ...iamChanges.ssoPermissionSets[name]],
      rules: [...securityGroupChanges.ingress[name], ...securityGroupChanges.egress[name]],
    };
  }
});
