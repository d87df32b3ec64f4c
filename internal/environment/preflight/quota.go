package preflight

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
)

// quota returns the account's quota, or AWS's default if it has never been
// changed.
func (i *inspector) quota(client *servicequotas.Client, service, code string) (float64, error) {
	out, err := client.GetServiceQuota(i.ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
	if isMissing(err, "NoSuchResourceException") {
		byDefault, err := client.GetAWSDefaultServiceQuota(i.ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
		if err != nil {
			return 0, err
		}
		return aws.ToFloat64(byDefault.Quota.Value), nil
	}
	if err != nil {
		return 0, err
	}
	return aws.ToFloat64(out.Quota.Value), nil
}

// fargateQuota checks for room: a deploy runs twice the tasks, and one-off tasks
// beside them.
func (i *inspector) fargateQuota() (Finding, error) {
	quota, err := i.quota(i.aws.quotas, "fargate", "L-3032A538")
	if err != nil {
		return Finding{}, err
	}
	task := float64(i.Env.API.CPU) / 1024
	needed := task * float64(2*i.Env.API.MaxTasks+1)
	if needed > quota {
		return wrong("raise Fargate On-Demand vCPU resource count, L-3032A538 of fargate", "%v vCPUs; %d tasks of %v vCPU, twice while a deploy rolls, need %v", quota, i.Env.API.MaxTasks, task, needed)
	}
	return ok("%v vCPUs of %v are needed at most", needed, quota)
}

// leastConcurrency is what the functions of a maintenance need in all: a new
// account may have 10, and a thousand clients that are refused at once want more.
const leastConcurrency = 100

func (i *inspector) lambdaConcurrency() (Finding, error) {
	const do = "raise Concurrent executions, L-B99A9384 of lambda"
	out, err := i.aws.lambda.GetAccountSettings(i.ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return Finding{}, err
	}
	all, free := out.AccountLimit.ConcurrentExecutions, int(aws.ToInt32(out.AccountLimit.UnreservedConcurrentExecutions))
	reserved := i.Env.Maintenance.ReservedConcurrency
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	if stack != nil {
		reserved = 0 // it is already among what is reserved
	}
	if reserved > 0 && free-reserved < leastConcurrency {
		return wrong(do+", or lower maintenance.reservedConcurrency", "%d executions are unreserved, of which 100 have to stay; %d are to be reserved", free, reserved)
	}
	if all < leastConcurrency {
		return wrong(do+": beyond it the refused get a bare 502", "%d executions at once in the account", all)
	}
	return ok("%d executions at once, %d unreserved", all, free)
}
