package diff

import (
	"regexp"
	"strings"
)

// tellsInOne matches types whose properties state one fact together.
var tellsInOne = regexp.MustCompile(`^AWS::(Lambda::(LayerVersionPermission|Url)|EC2::(NetworkAclEntry|Route|VPCPeeringConnection|SubnetRouteTableAssociation|SubnetNetworkAclAssociation|VPCGatewayAttachment)|` +
	`SNS::Subscription|Logs::SubscriptionFilter|RDS::DBSubnetGroup|SSO::Assignment|IAM::(UserToGroupAddition|AccessKey)|WAFv2::WebACLAssociation)$`)

// tellsInAll matches types of which every property matters.
var tellsInAll = regexp.MustCompile(`^AWS::(IAM|RolesAnywhere|SSO|KMS|WAFv2|RAM|LakeFormation)::|^AWS::\w+::\w*(Policy|Permissions?|Grant|AccessPoint|AccessEntry|BlockPublicAccess)$|` +
	`^AWS::(ElastiCache|MemoryDB)::(User|UserGroup|ACL)$|^AWS::EC2::PrefixList$`)

// telling matches properties, or parts of them, that say who may reach a
// resource or receives what it sends, as whom and with which privileges it acts, how it is encrypted, or
// what protects it.
var telling = regexp.MustCompile(`(?i:public|scheme|accesscontrol|auth|apikeyrequired|mutual|certificate|webacl|securitygroup|cidr|allow(ed)?(principal|account|origin|credential|admin)|assignpublicip|httpendpoint|` +
	`(^|\W)\w*role(arn|name)?$|instanceprofile|privileged|capabilit|(^|\W)user(\W|$)|executecommand|ownership|trusted(keygroup|signer)|secure_?transport|httptokens|mfa|` +
	`encrypt|kms|(^|\W|_)ssl|sslpolicy|(^|\W|_)tls|minimumprotocol|protocolpolicy|enforce|keyrotation|advancedsecurity|islogging|` +
	`deletion_?protection|terminationprotection|disableapitermination|backupretention|pointintime|versioning|objectlock|(^|\W)lockconfig|managedpolic|(^|\W)(access)?policies(\W|$)|^subscription(\W|$))|SSE|Sse`)

// tells reports whether a property of a type is about rights, reach or
// protection.
func tells(resourceType, name string) bool {
	switch {
	case name == "Tags" || strings.HasPrefix(name, "Tags["):
		return strings.HasPrefix(resourceType, "AWS::IAM::")
	case tellsInAll.MatchString(resourceType):
		return true
	}
	return telling.MatchString(name)
}
