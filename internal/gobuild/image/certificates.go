package image

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// RDSCertificates is the path at which a program finds Amazon's certificates for
// RDS.
const RDSCertificates = "etc/ssl/certs/rds-global-bundle.pem"

// Certificates returns the root certificates that Mozilla trusts, at the path
// where Go programs look for them. They come from a module, so go.sum pins them.
// It leaves out roots that Mozilla trusts only for some certificates, since a
// file cannot express that.
func Certificates() File {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // writing to a buffer does not fail
		}
	}
	return File{Path: "etc/ssl/certs/ca-certificates.crt", Content: text.Bytes()}
}
