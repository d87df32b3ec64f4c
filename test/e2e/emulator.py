"""Starts moto, with what else this test needs.

    emulator.py -H 127.0.0.1 -p 0    serves, as moto_server does
    emulator.py types                prints the types of resources it deploys
"""

import json
import sys
import time

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.cloudformation.models import Event, Stack, cloudformation_backends
from moto.elbv2 import models as elbv2
from moto.elbv2.models import ELBv2Backend, FakeListenerRule, FakeTargetGroup, elbv2_backends
from moto.server import main

import changesets

PAUSE = 0.5  # seconds between two resources of an update, so that pollers see every state


def accept_regexes():
    """moto looks for Values in a condition on the path; the API takes RegexValues too."""
    validate = ELBv2Backend._validate_path_pattern_condition

    def validate_either(self, condition):
        regexes = condition.get("PathPatternConfig", {}).get("RegexValues")
        if regexes:
            condition = {**condition, "PathPatternConfig": {"Values": regexes}}
        validate(self, condition)

    ELBv2Backend._validate_path_pattern_condition = validate_either


def accept_certificates():
    """The environments name certificates that their account has and this one has not."""
    ELBv2Backend._certificate_exists = lambda self, certificate_arn: True
    elbv2.register_certificate = lambda *args, **kwargs: None


def know_target_groups():
    """moto knows no attribute of a target group."""
    def attribute(self, name):
        if name == "TargetGroupFullName":
            return self.arn.rsplit(":", 1)[1]
        if name == "TargetGroupName":
            return self.name
        raise UnformattedGetAttTemplateException()

    FakeTargetGroup.has_cfn_attr = classmethod(lambda cls, name: name in ("TargetGroupFullName", "TargetGroupName"))
    FakeTargetGroup.get_cfn_attribute = attribute


def delete_rules():
    """moto forgets a rule that leaves a stack, and leaves it on its listener."""
    FakeListenerRule.delete = lambda self, account_id, region_name: (
        elbv2_backends[account_id][region_name].delete_rule(self.arn))


def refuse_no_update():
    """moto updates a stack with the template that it has; CloudFormation refuses to."""
    update = Stack.update

    def update_or_refuse(self, template, *args, **kwargs):
        if self.parse_template(template) == self.template_dict:
            raise ValidationError(message="No updates are to be performed.")
        update(self, template, *args, **kwargs)

    Stack.update = update_or_refuse


def keep_keys_of_parameters():
    """A parameter that is read from SSM has the key there for its value, not what
    it was resolved to: moto gives it the latter, which it cannot resolve again."""
    shown = Stack.stack_parameters.fget

    def values(self):
        keys = {
            name: self.resource_map.input_parameters.get(name, parameter.get("Default"))
            for name, parameter in self.resource_map._template.get("Parameters", {}).items()
            if parameter["Type"].startswith("AWS::SSM::Parameter::Value<")
        }
        return {**shown(self), **keys}

    Stack.has_parameters = lambda self, others: {**values(self), **others} == values(self)
    Stack.stack_parameters = property(values)
    Stack.parameter_list = property(lambda self: [
        {"ParameterKey": name, "ParameterValue": value} for name, value in values(self).items()])


def report_resources():
    """moto has events of stacks; here those of the resources that an update touches too."""

    def reporting(function, done):
        def call(logical_id, resource_json, resources_map, account_id, region_name):
            resource = function(logical_id, resource_json, resources_map, account_id, region_name)
            stack = cloudformation_backends[account_id][region_name].get_stack(resources_map.stack_id)
            if stack.status == "CREATE_IN_PROGRESS":
                return resource
            stack.events.append(Event(
                stack_id=stack.stack_id,
                stack_name=stack.name,
                logical_resource_id=logical_id,
                physical_resource_id=getattr(resource, "physical_resource_id", ""),
                resource_type=resource_json["Type"],
                resource_status=done,
                resource_status_reason=None,
                resource_properties=json.dumps(resource_json.get("Properties", {})),
            ))
            time.sleep(PAUSE)
            return resource
        return call

    parsing.parse_and_create_resource = reporting(parsing.parse_and_create_resource, "CREATE_COMPLETE")
    parsing.parse_and_update_resource = reporting(parsing.parse_and_update_resource, "UPDATE_COMPLETE")

    delete = parsing.ResourceMap._delete_resource

    def deleting(self, resource, resource_json):
        delete(self, resource, resource_json)
        self._parsed_resources.pop(resource.logical_resource_id)  # otherwise it could not be created again
        stack = cloudformation_backends[self._account_id][self._region_name].get_stack(self.stack_id)
        stack.events.append(Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=resource.logical_resource_id,
            physical_resource_id=getattr(resource, "physical_resource_id", ""),
            resource_type=resource_json["Type"],
            resource_status="DELETE_COMPLETE",
            resource_status_reason=None,
            resource_properties=None,
        ))
        time.sleep(PAUSE)

    parsing.ResourceMap._delete_resource = deleting


if __name__ == "__main__":
    if sys.argv[1:] == ["types"]:
        json.dump({name: True for name in parsing.get_model_map()}, sys.stdout)
        sys.exit()
    accept_regexes()
    accept_certificates()
    know_target_groups()
    delete_rules()
    refuse_no_update()
    keep_keys_of_parameters()
    report_resources()
    changesets.install()
    main(sys.argv[1:])
