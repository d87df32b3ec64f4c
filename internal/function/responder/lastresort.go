package responder

// lastResort returns the answer for when making a regular one has failed. It is a
// constant that every client understands. r is what is known about the request.
func lastResort(r request) []byte {
	single := `"Content-Type":"application/json","Retry-After":"600","Cache-Control":"no-store","X-Maintenance-Mode":"on"`
	multi := `"Content-Type":["application/json"],"Retry-After":["600"],"Cache-Control":["no-store"],"X-Maintenance-Mode":["on"]`
	body := `{\"errors\":[{\"status\":\"503\",\"code\":\"maintenance\",\"title\":\"Under maintenance\",` +
		`\"detail\":\"We are down for maintenance. Please try again later.\",\"meta\":{\"retryAfter\":600}}]}`
	if r.single != r.multi { // otherwise nothing is known
		if !r.single {
			single = ""
		}
		if !r.multi {
			multi = ""
		}
	}
	if r.method == "HEAD" {
		body = ""
	}
	return []byte(`{"statusCode":503,"statusDescription":"503 Service Unavailable","isBase64Encoded":false,"headers":{` +
		single + `},"multiValueHeaders":{` + multi + `},"body":"` + body + `"}`)
}
