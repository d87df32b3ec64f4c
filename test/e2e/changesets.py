"""Change sets, stack policies and rollbacks as CloudFormation has them, for moto,
whose own execute synchronously, can be executed twice, and leave half an update
where it fails. Each function names the behavior that it stands for; the sources
are the CloudFormation API reference and user guide.
"""

import fnmatch
import json
import re
import threading

from moto.cloudformation import models, parsing
from moto.cloudformation.custom_model import CustomModel
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import Event
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import iam_backends
from moto.ssm.models import Parameter

MAX_BODY = 51200  # bytes of TemplateBody: quotas of CloudFormation

# States in which a stack accepts an update: for others CreateChangeSet answers
# "Stack:ARN is in STATE state and can not be updated."
UPDATABLE = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED",
}

LOCK = threading.RLock()


class ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFound"
    status_code = 404


class InvalidChangeSetStatus(CloudFormationError):
    code = "InvalidChangeSetStatus"


class AlreadyExists(CloudFormationError):
    code = "AlreadyExistsException"


def find(backend, name, stack_name):
    """Names of change sets are unique in a stack, not in an account."""
    if name in backend.change_sets:
        return backend.change_sets[name]
    stack = backend.get_stack(stack_name) if stack_name else None
    for change_set in backend.change_sets.values():
        if stack is not None and change_set.stack is stack and change_set.change_set_name == name:
            return change_set
    return None


def create(self):
    """A body is 51,200 bytes at most; a busy stack takes no change set; a name is
    taken once; each property that changes is listed."""
    body = self._get_param("TemplateBody")
    if body and len(body.encode()) > MAX_BODY:
        raise ValidationError(message=f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {MAX_BODY}")
    backend = self.cloudformation_backend
    if self._get_param("ChangeSetType", "UPDATE") != "UPDATE":
        return create_in_moto(self)
    with LOCK:
        stack = backend.get_stack(self._get_param("StackName"))
        if stack.status not in UPDATABLE:
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        name, token = self._get_param("ChangeSetName"), self._get_param("ClientToken")
        old = find(backend, name, stack.name)
        if old is not None:
            if token and getattr(old, "token", None) == token:
                return ActionResult({"Id": old.change_set_id, "StackId": stack.stack_id})
            raise AlreadyExists(f"ChangeSet {name} cannot be created due to a mismatch with existing attribute Template")
        self.params["StackName"] = stack.name  # moto accepts no ARN
        create_in_moto(self)
        change_set = find(backend, name, stack.name)
        change_set.token = token
        change_set.role = self._get_param("RoleARN") or getattr(stack, "executing_role", None) or stack.role_arn
        change_set.tags = change_set.tags or stack.tags
        change_set.notification_arns = change_set.notification_arns or stack.notification_arns
        detail(change_set, stack.template_dict.get("Resources", {}))
        return ActionResult({"Id": change_set.change_set_id, "StackId": stack.stack_id})


def detail(change_set, before):
    """DescribeChangeSet names the properties that change."""
    after = change_set.template_dict["Resources"]
    for change in change_set.changes:
        if change.action != "Modify":
            continue
        old = before.get(change.logical_resource_id, {}).get("Properties", {})
        new = after.get(change.logical_resource_id, {}).get("Properties", {})
        names = sorted(name for name in {**old, **new} if old.get(name) != new.get(name))
        change.replacement, change.scope = "False", ["Properties"]
        change.details = [{
            "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"},
            "Evaluation": "Static", "ChangeSource": "DirectModification",
        } for name in names]


def delete(self):
    """Deleting a change set that is not there succeeds."""
    backend = self.cloudformation_backend
    with LOCK:
        change_set = find(backend, self._get_param("ChangeSetName"), self._get_param("StackName"))
        if change_set is not None:
            del backend.change_sets[change_set.change_set_id]
    return EmptyResult()


def describe(self):
    """One that is not there is ChangeSetNotFound."""
    return ActionResult(wanted(self))


def wanted(self):
    name = self._get_param("ChangeSetName")
    change_set = find(self.cloudformation_backend, name, self._get_param("StackName"))
    if change_set is None:
        raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")
    return change_set


def execute(self):
    """Executing returns at once, deletes all other change sets of the stack, and
    happens once. The token is in every event."""
    backend, token = self.cloudformation_backend, self._get_param("ClientRequestToken")
    with LOCK:
        change_set = wanted(self)
        if change_set.execution_status != "AVAILABLE":
            if token and getattr(change_set, "execute_token", None) == token:
                return EmptyResult()
            kind, status = ("status", "FAILED") if change_set.status == "FAILED" else ("execution status", change_set.execution_status)
            raise InvalidChangeSetStatus(f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current {kind} of [{status}]")
        stack = change_set.stack
        if change_set.change_set_type == "CREATE":
            backend.execute_change_set(stack_name=stack.name, change_set_name=change_set.change_set_id)
            return EmptyResult()
        if stack.status not in UPDATABLE:
            raise InvalidChangeSetStatus("An operation on this ChangeSet is currently in progress.")
        for other in [c for c in backend.change_sets.values() if c.stack is stack and c is not change_set]:
            del backend.change_sets[other.change_set_id]
        change_set.execution_status, change_set.execute_token = "EXECUTE_IN_PROGRESS", token
        update(change_set, token)
    return EmptyResult()


def update(change_set, token):
    """An update runs in the background; one that fails is rolled back."""
    stack = change_set.stack
    stack.token = token
    stack.executing_role = stack.role_arn = change_set.role  # CloudFormation remembers it

    def enter(status, reason=None):
        stack._add_stack_event(status, resource_status_reason=reason)
        stack.status = status

    enter("UPDATE_IN_PROGRESS", "User Initiated")
    old, old_dict = stack.template, stack.template_dict

    def work():
        try:
            stack.resource_map.update(change_set.template_dict, change_set.parameters)
            stack.template, stack.template_dict = change_set.template, change_set.template_dict
            stack._parse_template()
            stack.output_map = stack._create_output_map()
            change_set.execution_status = "EXECUTE_COMPLETE"
            enter("UPDATE_COMPLETE")
        except Exception as failure:  # whatever it is, CloudFormation rolls back
            enter("UPDATE_ROLLBACK_IN_PROGRESS", str(getattr(failure, "message", failure)))
            stack.rolling_back = True
            change_set.execution_status = "EXECUTE_FAILED"
            try:
                stack.resource_map.update(old_dict, None)
                stack.template, stack.template_dict = old, old_dict
                enter("UPDATE_ROLLBACK_COMPLETE")
            except Exception as again:
                enter("UPDATE_ROLLBACK_FAILED", str(again))
            stack.rolling_back = False

    threading.Thread(target=work, daemon=True).start()


def listed(value):
    return value if isinstance(value, list) else [value]


def denied(stack, logical_id, action):
    """The reason for which the stack policy denies an update, None if it does not.
    Deny wins; what no Allow covers is denied; without a policy all is allowed.
    It does not apply to rollbacks."""
    if not stack.policy or getattr(stack, "rolling_back", False):
        return None

    def names(resources):
        return any(r == "*" or fnmatch.fnmatchcase(logical_id, r.split("/", 1)[1]) for r in listed(resources))

    allowed = False
    for number, statement in enumerate(json.loads(stack.policy).get("Statement", []), 1):
        hit = names(statement["Resource"]) if "Resource" in statement else not names(statement["NotResource"])
        if "Action" in statement:
            hit = hit and any(fnmatch.fnmatchcase(action, a) for a in listed(statement["Action"]))
        else:
            hit = hit and action not in listed(statement["NotAction"])
        if hit and statement["Effect"] == "Deny":
            return f"Action denied by stack policy: Statement [#{number}] does not allow [{statement.get('Action')}] for resource [{statement.get('Resource')}]"
        allowed = allowed or hit
    return None if allowed else "Action not allowed by stack policy"


# The call with which CloudFormation updates a resource, for the types whose
# rights are checked. A role may not update any other type.
UPDATES = {
    "AWS::ElasticLoadBalancingV2::Listener": "elasticloadbalancing:ModifyListener",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "elasticloadbalancing:ModifyRule",
    "AWS::Lambda::Function": "lambda:UpdateFunctionConfiguration",
    "Custom::NorenReopenGuard": "lambda:InvokeFunction",
}


def unauthorized(stack, resource, resource_json, account_id):
    """What the role of the stack lacks to update a resource, None if it may. A role
    of the CDK bootstrap may do everything."""
    role_arn = getattr(stack, "executing_role", None)
    if not role_arn or ":role/cdk-" in role_arn:
        return None
    action = UPDATES.get(resource_json["Type"], f"{resource_json['Type']}:Update")
    arn = getattr(resource, "arn", None) or getattr(resource, "function_arn", None) or resource.physical_resource_id
    if resource_json["Type"].startswith("Custom::"):
        arn = resource_json["Properties"]["ServiceToken"]
    role = iam_backends[account_id]["aws"].get_role(role_arn.split("/")[-1])
    for document in role.policies.values():
        for statement in json.loads(document)["Statement"]:
            actions, resources = listed(statement["Action"]), listed(statement["Resource"])
            if statement["Effect"] == "Allow" and action in actions and any(fnmatch.fnmatchcase(arn, r) for r in resources):
                return None
    return f"{role_arn} is not authorized to perform: {action} on resource: {arn}"


def enforce_policies():
    """A resource that the policy denies, or for which the role has no right, is
    UPDATE_FAILED and fails the update."""
    update_resource = parsing.parse_and_update_resource

    def guarded(logical_id, resource_json, resources_map, account_id, region_name):
        stack = models.cloudformation_backends[account_id][region_name].get_stack(resources_map.stack_id)
        why = denied(stack, logical_id, "Update:Modify")
        if not why and not getattr(stack, "rolling_back", False):
            parsed = parsing.parse_resource(resource_json, resources_map)
            why = unauthorized(stack, resources_map[logical_id], parsed[1] if parsed else resource_json, account_id)
        if why:
            stack.events.append(Event(stack.stack_id, stack.name, logical_id, "", resource_json["Type"], "UPDATE_FAILED", why, None))
            raise ValidationError(message=f"The following resource(s) failed to update: [{logical_id}].")
        return update_resource(logical_id, resource_json, resources_map, account_id, region_name)

    parsing.parse_and_update_resource = guarded


def set_policy(self):
    """What is no object in JSON is refused."""
    try:
        valid = isinstance(json.loads(self._get_param("StackPolicyBody")), dict)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValidationError(message="Error validating stack policy: Invalid stack policy")
    return set_policy_in_moto(self)


def get_template(self):
    """Every character that is not ASCII comes back as a question mark
    (cloudformation-coverage-roadmap#814 and #1220)."""
    name, change_set = self._get_param("StackName"), self._get_param("ChangeSetName")
    backend = self.cloudformation_backend
    body = find(backend, change_set, name).template if change_set else backend.get_template(name)
    body = body if isinstance(body, str) else json.dumps(body)
    return ActionResult({"TemplateBody": re.sub(r"[^\x00-\x7f]", "?", body), "StagesAvailable": ["Original", "Processed"]})


def put_tokens_into_events():
    """Every event has the token of the operation."""
    init = Event.__init__

    def with_token(self, stack_id, *args, **kwargs):
        init(self, stack_id, *args, **kwargs)
        _, _, _, region, account, _ = stack_id.split(":", 5)
        stack = models.cloudformation_backends[account][region].stacks.get(stack_id)
        self.client_request_token = getattr(stack, "token", None)

    Event.__init__ = with_token


def answer_for_the_guard():
    """The function behind the custom resource allows everything: moto would run it
    in Docker."""
    make = CustomModel.create_from_cloudformation_json.__func__

    def create_custom(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        if kwargs["ResourceType"] != "Custom::NorenReopenGuard":
            return make(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
        resource = CustomModel(region_name, "", kwargs["LogicalId"], "noren-reopen-guard")
        resource.set_data({"Summary": "allowed"})
        return resource

    CustomModel.create_from_cloudformation_json = classmethod(create_custom)
    CustomModel.update_from_cloudformation_json = classmethod(lambda cls, original_resource, **kwargs: original_resource)


def list_sets(self):
    """The change sets of one stack."""
    backend = self.cloudformation_backend
    stack = backend.get_stack(self._get_param("StackName"))
    return ActionResult({"Summaries": [c for c in backend.change_sets.values() if c.stack is stack]})


def keep_resolved_parameters():
    """moto keeps what a parameter of type SSM was resolved to and looks that up
    again."""
    parse = parsing.ResourceMap.parse_ssm_parameter

    def parse_once(self, value, value_type):
        if not value.startswith("/"):
            return value
        return parse(self, value, value_type)

    parsing.ResourceMap.parse_ssm_parameter = parse_once


def name_parameters():
    """A parameter without a name gets one."""
    make = Parameter.create_from_cloudformation_json.__func__

    def create_parameter(cls, resource_name, cloudformation_json, *args, **kwargs):
        properties = {"Name": resource_name, **cloudformation_json["Properties"]}
        return make(cls, resource_name, {**cloudformation_json, "Properties": properties}, *args, **kwargs)

    Parameter.create_from_cloudformation_json = classmethod(create_parameter)


create_in_moto = CloudFormationResponse.create_change_set
set_policy_in_moto = CloudFormationResponse.set_stack_policy


def install():
    enforce_policies()
    put_tokens_into_events()
    answer_for_the_guard()
    name_parameters()
    keep_resolved_parameters()
    CloudFormationResponse.create_change_set = create
    CloudFormationResponse.delete_change_set = delete
    CloudFormationResponse.describe_change_set = describe
    CloudFormationResponse.execute_change_set = execute
    CloudFormationResponse.list_change_sets = list_sets
    CloudFormationResponse.get_template = get_template
    CloudFormationResponse.set_stack_policy = set_policy
