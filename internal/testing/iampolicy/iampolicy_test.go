package iampolicy

import "testing"

func TestAllows(t *testing.T) {
	policy := []byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b"]},
		{"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": ["x", "y"]}}},
		{"Effect": "Allow", "Action": "lambda:Update", "Resource": "*", "Condition": {"Null": {"lambda:Layer": "true"}, "StringLike": {"name": "noren-*"}}},
		{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::a/secret"}
	]}`)
	for _, test := range []struct {
		call Call
		want bool
	}{
		{Call{Action: "s3:GetObject", Resource: "arn:aws:s3:::a/x/y"}, true},
		{Call{Action: "S3:getobject", Resource: "arn:aws:s3:::b"}, true},
		{Call{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/x"}, false},
		{Call{Action: "s3:PutObject", Resource: "arn:aws:s3:::a/x"}, false},
		{Call{Action: "s3:GetObject", Resource: "arn:aws:s3:::a/secret"}, false},
		{Call{Action: "iam:PassRole", Resource: "r", Context: map[string]string{"iam:PassedToService": "y"}}, true},
		{Call{Action: "iam:PassRole", Resource: "r", Context: map[string]string{"iam:PassedToService": "z"}}, false},
		{Call{Action: "iam:PassRole", Resource: "r"}, false},
		{Call{Action: "lambda:Update", Resource: "r", Context: map[string]string{"name": "noren-a"}}, true},
		{Call{Action: "lambda:Update", Resource: "r", Context: map[string]string{"name": "other"}}, false},
		{Call{Action: "lambda:Update", Resource: "r", Context: map[string]string{"name": "noren-a", "lambda:Layer": "l"}}, false},
	} {
		if got, err := Allows(test.call, policy); err != nil || got != test.want {
			t.Errorf("%+v: got %v, %v, want %v", test.call, got, err, test.want)
		}
	}
	for _, unknown := range []string{
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"Bool": {"a": "true"}}}]}`,
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "a:c", "Resource": "*"}]}`,
		`{"Version": "2008-10-17", "Statement": []}`,
	} {
		if _, err := Allows(Call{Action: "a:b", Resource: "r"}, []byte(unknown)); err == nil {
			t.Errorf("%s: judged", unknown)
		}
	}
}
