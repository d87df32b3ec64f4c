package bluegreen

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// RefusedError says that RDS refused a call.
type RefusedError struct {
	// Doing is what was tried, Code RDS's error code, such as
	// SourceClusterNotSupportedFault, and Message its text.
	Doing, Code, Message string

	// Do says what can be done about it. Empty if noren does not know.
	Do string
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("%s: %s (%s)", e.Doing, e.Message, e.Code)
	if e.Do != "" {
		text += "; " + e.Do
	}
	return text
}

// remedies say what to do after a refusal.
var remedies = map[string]string{
	"SourceClusterNotSupportedFault":        "the conditions say which part of the cluster RDS does not support",
	"BlueGreenDeploymentAlreadyExistsFault": "use another name, or abandon that deployment",
	"InvalidBlueGreenDeploymentStateFault":  "wait until the deployment is available",
	"InvalidDBClusterStateFault":            "wait until the cluster is available",
	"DBClusterNotFoundFault":                "check the name of the cluster and the region",
	"DBClusterQuotaExceededFault":           "raise the quota of clusters, or delete one: green is a cluster of its own",
	"InstanceQuotaExceeded":                 "raise the quota of instances, or delete some: green has as many as blue",
	"InsufficientDBInstanceCapacity":        "try again later, or with another instance class",
	"DBClusterParameterGroupNotFound":       "name a parameter group of the target version's family",
	"DBParameterGroupNotFound":              "name a parameter group of the target version's family",
	"AccessDenied":                          "use the role of these verbs, or add the action to your permissions",
	"Throttling":                            "RDS has throttled ten attempts: nothing was changed by this call; run this again",
}

// plain describes what RDS refused, with RDS's text and what can be done. Other
// errors keep their text.
func plain(doing string, err error) error {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return &RefusedError{doing, refusal.ErrorCode(), refusal.ErrorMessage(), remedies[refusal.ErrorCode()]}
}

// refusedAs reports whether RDS refused with the code.
func refusedAs(err error, code string) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && refused.Code == code
}
