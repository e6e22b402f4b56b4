//! Conformance suites of the ports: what every implementation must do, however it is made. An implementation's own tests call them.
