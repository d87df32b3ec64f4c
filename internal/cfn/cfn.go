// Package cfn reads CloudFormation templates: their resources, with intrinsic
// functions and conditions evaluated as far as the template and the caller's
// parameters tell. What only a deploy tells stays an opaque part of a text, so
// that what is known and what is not can be told apart.
package cfn

// Options say what a template leaves open.
type Options struct {
	// Parameters are values for the template's parameters, and for pseudo
	// parameters such as "AWS::Region". Default: the parameters' own defaults;
	// those of NoEcho parameters stay unknown. What is given is shown.
	Parameters map[string]string

	// Values are values of what only a deploy knows of resources, by
	// LogicalId.Attribute, or LogicalId for what Ref gives. Default: not known.
	Values map[string]string

	// Bound are the texts that a parent gives the parameters of a nested stack.
	// They count before Parameters unless only a deploy knows them. Default: none.
	Bound map[string]string

	// Assume are conditions of the template that are taken to hold, or not to, with
	// what follows for others. Default: none.
	Assume map[string]bool

	// Reveal returns the value to take for what is known only after a deploy,
	// such as a secret; name is as [Display] shows it. Default: nothing is
	// revealed. What is revealed is a value like any other, and is shown.
	Reveal func(name string) (value string, ok bool)
}
