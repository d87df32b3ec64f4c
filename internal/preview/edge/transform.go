package edge

// transform applies the rule's transforms to what the target gets.
func (x *exchange) transform() error {
	host, path, err := x.rule.transforms.Apply(or(x.targetHost, x.host), x.path)
	if err != nil {
		return err
	}
	if host != x.host {
		x.targetHost = host
	}
	x.path = path
	return nil
}
