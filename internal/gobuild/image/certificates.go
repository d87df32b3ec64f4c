package image

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// RDSCertificates is where a program finds Amazon's certificates for RDS.
const RDSCertificates = "etc/ssl/certs/rds-global-bundle.pem"

// Certificates returns the roots that Mozilla trusts, where Go programs look for
// them. They come from a module, so that go.sum pins them. Roots that Mozilla
// trusts for a part of their certificates only are left out: a file cannot say
// which part.
func Certificates() File {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return File{Path: "etc/ssl/certs/ca-certificates.crt", Content: text.Bytes()}
}
