// Package maintenancemode closes a product behind an Application Load Balancer
// for a planned maintenance. An allowlist of requests stays open.
//
// The same resources are deployed in every mode: a Lambda function that answers
// 503, and listener rules that let the allowlist through. Closing switches the
// listener's default action from the application's target group to that of the
// function. That is one property of one resource and one API call, and at no
// moment is an allowed request refused. On a listener that is imported, or that
// several services share, a rule closes instead. The package maintenance explains
// the modes, a flip, and what a refused client sees.
//
// # Adding it to an app
//
// Call [New] with the listener, the target group that its default action forwards
// to, and the allowlist. [ReadFlags] reads the mode from the command line. [Run]
// runs the app and reports each error in one line:
//
//	func main() { os.Exit(maintenancemode.Run(define)) }
//
//	func define(app awscdk.App) error {
//		flags, err := maintenancemode.ReadFlags(app)
//		if err != nil {
//			return err
//		}
//		// The default action of listener forwards to targetGroup.
//		maintenancemode.New(stack, "Maintenance", flags.Apply(maintenancemode.Props{
//			Listener:       listener,
//			AppTargetGroup: targetGroup,
//			Allow:          []string{"POST /api/login", "GET /api/templates/{id}"},
//		}))
//		return nil
//	}
//
// The first deploy adds the function and the rules, and leaves the default action
// as it is. Later flips change the listener and, with ReadOnly, the rules for
// reads:
//
//	cdk deploy -c maintenance=true     # close
//	cdk deploy -c maintenance=false    # open
//
// # What stays open
//
// While the product is closed, these requests still reach the application: those in
// Allow, the health check, and those with the Bypass. While it is read-only, so do
// GET, HEAD and OPTIONS; set ReadOnly to prepare that mode. If a listener rule, a
// listener or a target group of the same load balancer could serve anything else,
// synthesis fails until KeepOpen names it.
//
// # Opening on purpose only
//
// A deploy that forgets the flag would open a closed product. With Guard.Enabled
// such a deploy fails before the listener changes, and is rolled back; the stack's
// events say since when the product has been closed and what to type. To open, type
// -c maintenance=false or, if only committed files are deployed, set Guard.Reopens.
// Turning a closed product to read-only opens it, too. A flag that was typed on
// another evening or before the maintenance began does not count. Closing is never
// refused.
//
// # Deploys and rollbacks while it is closed
//
// A deploy that changes nothing about the listener, such as a new image, leaves a
// closed product closed, also if it was closed by hand: CloudFormation compares
// templates, not what is there. A deploy that changes the listener for another
// reason, such as a certificate, sets a listener that was closed by hand back to
// the mode of the template; the guard refuses that, too. The commands in
// [MaintenanceMode.EmergencyClose] and noren close --now change the mode without
// CloudFormation.
//
// A rollback restores what was deployed before, and the guard lets it pass. So
// deploy a flip alone: if something else in the same deploy fails, the rollback
// undoes the flip as well, and the product opens. docs/guard.md has every case.
//
// # Trying it on this machine
//
// The command noren runs an app's templates without AWS, with the app's own
// service behind the load balancer, and flips between them:
//
//	cdk synth --output cdk.out/open   -c maintenance=false
//	cdk synth --output cdk.out/closed -c maintenance=true
//	noren preview --template cdk.out/open --template cdk.out/closed --app http://127.0.0.1:3000
//	noren explain "POST /api/reports" --template cdk.out/closed
package maintenancemode
