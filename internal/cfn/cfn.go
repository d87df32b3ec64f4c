// Package cfn reads CloudFormation templates: their resources, with intrinsic
// functions and conditions evaluated as far as the template and the caller's
// parameters allow. Whatever only a deploy decides stays an opaque part of a
// text, so that known and unknown values can be distinguished.
package cfn

// Options fill in what a template leaves open.
type Options struct {
	// Parameters are values for the template's parameters, and for pseudo
	// parameters such as "AWS::Region". Default: the parameters' own defaults;
	// those of NoEcho parameters stay unknown. Values given here are shown.
	Parameters map[string]string

	// Values are values of resources that only a deploy knows, by
	// LogicalId.Attribute, or by LogicalId for the value of Ref. Default: not
	// known.
	Values map[string]string

	// Bound are the texts that a parent gives the parameters of a nested stack.
	// They take precedence over Parameters unless only a deploy knows them.
	// Default: none.
	Bound map[string]string

	// Assume are conditions of the template that are taken to hold, or not to
	// hold, with what follows for others. Default: none.
	Assume map[string]bool

	// Reveal returns a value for what is known only after a deploy, such as a
	// secret; name is in the form in which [Display] shows it. A revealed value
	// is a value like any other, and is shown. Default: nothing is revealed.
	Reveal func(name string) (value string, ok bool)
}
