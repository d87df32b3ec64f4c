package main

import (
	"bytes"
	"net/netip"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// stillOpen finds what stays open in a template in which a switch is closed.
func stillOpen(data []byte) []finding {
	read, err := alb.ReadPart(bytes.NewReader(data), cfn.Options{})
	if err != nil {
		return nil // which is reported elsewhere
	}
	switches, err := rules.Find(data, read)
	if err != nil {
		return nil // there is no switch
	}
	var findings []finding
	for _, s := range switches {
		if mode, _ := rules.Together(s.In(read)); mode != maintenance.Closed {
			continue
		}
		for _, open := range s.StillOpen(read, switches) {
			findings = append(findings, finding{
				Severity: alb.Warning.String(), LogicalID: open.Rule.LogicalID, Path: open.Rule.Path,
				Message: "still open when " + s.Name + " is closed: " + open.String(),
			})
		}
	}
	return findings
}

// documentation is the network that contains the address by which closing rules
// are disarmed. Source: RFC 5737.
var documentation = netip.MustParsePrefix("192.0.2.0/24")

// takenNetworks finds networks in which a client may have that address.
func takenNetworks(data []byte) []finding {
	types := []string{"AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock", "AWS::EC2::Subnet"}
	document, err := cfn.Read(bytes.NewReader(data), cfn.Options{})
	if err != nil {
		return nil // which is reported elsewhere
	}
	var findings []finding
	for _, name := range types {
		document.Each(name, func(r cfn.Resource) {
			text, _ := r.Properties["CidrBlock"].(string)
			if network, err := netip.ParsePrefix(text); err == nil && network.Overlaps(documentation) {
				findings = append(findings, finding{
					Severity: alb.Warning.String(), LogicalID: r.LogicalID, Path: r.Path, Property: "CidrBlock", Value: text,
					Message: "the network has addresses of 192.0.2.0/24, by which the closing rules of a switch are disarmed: a request from 192.0.2.1 is refused while the product is open",
				})
			}
		})
	}
	return findings
}
