package live

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
)

// secrets compares the secrets in the conditions of a listener's rules with the
// values of the template, as read returns them. Rules whose secret may not be
// read are named in notes, and their secret is not compared.
func secrets(of, now *alb.Listener, read func(value string) (string, error)) (drift []rules.Drift, notes []string) {
	for i := range of.Rules {
		rule := &of.Rules[i]
		at := slices.IndexFunc(now.Rules, func(r alb.Rule) bool { return r.Priority == rule.Priority })
		if at < 0 {
			continue // it is missing, which is drift already
		}
		is := &now.Rules[at]
		for _, c := range rule.Conditions {
			for _, value := range alb.Values(c) {
				if alb.HeaderName(c) == "" || !cfn.IsSecret(value.Text) {
					continue
				}
				want, err := read(value.Text)
				switch {
				case err != nil:
					notes = append(notes, fmt.Sprintf("the secret of rule %s is not compared: %v", rule.Name(), err))
				case !compares(is, alb.HeaderName(c), want):
					drift = append(drift, rules.Drift{Rule: is, Text: "rule " + is.Name() + " compares with another secret than that of Secrets Manager", Opens: true})
				}
			}
		}
	}
	return drift, notes
}

// compares reports whether a rule compares a header with a value.
func compares(r *alb.Rule, header, value string) bool {
	return slices.ContainsFunc(r.Conditions, func(c alb.Condition) bool {
		return strings.EqualFold(alb.HeaderName(c), header) &&
			slices.ContainsFunc(alb.Values(c), func(v alb.Value) bool { return v.Text == value })
	})
}

// withSecrets returns a value of the template with the secrets of the stack
// filled in.
func (q Query) withSecrets(ctx context.Context, d *deployed, value string) (string, error) {
	var failed error
	read := cfn.Replace(value, func(part string) string {
		id := ""
		for logical, physical := range d.physical {
			if strings.Contains(physical, ":secretsmanager:") && strings.Contains(part, logical) && len(logical) > len(id) {
				id = logical
			}
		}
		if id == "" {
			failed = fmt.Errorf("the stack has no secret %s", cfn.Display(part))
			return part
		}
		arn := d.physical[id]
		out, err := secretsmanager.NewFromConfig(q.AWS).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
		if err != nil {
			failed = err
			return part
		}
		return aws.ToString(out.SecretString)
	})
	if failed != nil {
		return "", q.explain(failed)
	}
	return read, nil
}
