package responder

import "time"

const (
	title = "Under maintenance"
	code  = "maintenance"

	// problemType identifies the problem (RFC 9457); the address explains it.
	problemType = "https://github.com/noren-cdk/noren/blob/main/docs/client-contract.md#problem-type"

	untilLayout = time.RFC3339
)

// jsonAPI returns a JSON:API error document. until is empty if no end is known.
func jsonAPI(message, until string) template {
	return newTemplate(
		`{"errors":[{"status":"503","code":`+encode(code)+`,"title":`+encode(title)+
			`,"detail":`+encode(message)+`,"meta":{`+member("until", until)+`"retryAfter":`,
		`}}]}`)
}

// problem returns an RFC 9457 document. until is empty if no end is known.
func problem(message, until string) template {
	return newTemplate(
		`{"type":`+encode(problemType)+`,"status":503,"code":`+encode(code)+`,"title":`+encode(title)+
			`,"detail":`+encode(message)+`,`+member("until", until)+`"retryAfter":`,
		`}`)
}

// member returns a member of a JSON object followed by a comma, or nothing if
// value is empty.
func member(name, value string) string {
	if value == "" {
		return ""
	}
	return encode(name) + ":" + encode(value) + ","
}
