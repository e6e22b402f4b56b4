;; A core module in place of a component.
;; held by: not a WebAssembly component
(module)
