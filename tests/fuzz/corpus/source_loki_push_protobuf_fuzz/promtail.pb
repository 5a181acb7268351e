
›
>{filename="/var/log/veertu/anka_agent.INFO", job="myHostname"}8
«Ã…Øç©”™(Log file created at: 2021/03/04 01:42:32,
«Ã…Ø›™•™Running on machine: Mac-mini?
«Ã…Ø Ä•™/Binary: Built with gc go1.14.3 for darwin/amd64S
«Ã…Øˆê–™CLog line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msge
«Ã…Ø˜™—™UI0304 01:42:32.983766    1280 log_cleaner.go:34] clean /var/log/veertu/anka_agent*...–
«Ã…ØŸÉ—™…I0304 01:42:32.984298    1280 log_cleaner.go:56] don't touch: /var/log/veertu/anka_agent.Mac-mini.root.log.ERROR.20210304-013843.1221•
«Ã…ØóØ˜™„I0304 01:42:32.984303    1280 log_cleaner.go:56] don't touch: /var/log/veertu/anka_agent.Mac-mini.root.log.INFO.20210304-014232.1280˜
«Ã…Øÿü˜™‡I0304 01:42:32.984306    1280 log_cleaner.go:56] don't touch: /var/log/veertu/anka_agent.Mac-mini.root.log.WARNING.20210304-013843.1221M
«Ã…Ø¸¯¤™=I0304 01:42:33.001091    1280 main.go:173] starting ankaAgent]
«Ã…ØÂµ¤™MI0304 01:42:33.001106    1280 main.go:174] Anka Agent version: 1.7.1-9545c9f5Q
«Ã…ØÔ¿¤™AI0304 01:42:33.419606    1280 runner.go:43] Anka version is 2.3.3O
«Ã…Øªø©™?I0304 01:42:33.419727    1280 runner.go:46] Agent Version is v2¯
«Ã…Ø‹ª™E0304 01:42:33.572464    1280 base_ankactl_agent.go:94] json: cannot unmarshal object into Go struct field JsonListResponse.body of type []*cent_common.VmInfo£
«Ã…Øã­™’E0304 01:42:33.573231    1280 agent.go:298] json: cannot unmarshal object into Go struct field JsonListResponse.body of type []*cent_common.VmInfo¯
«Ã…ØÏè­™E0304 01:42:34.725567    1280 base_ankactl_agent.go:94] json: cannot unmarshal object into Go struct field JsonListResponse.body of type []*cent_common.VmInfo£
«Ã…Ø×°™’E0304 01:42:34.725587    1280 agent.go:298] json: cannot unmarshal object into Go struct field JsonListResponse.body of type []*cent_common.VmInfo&
«Ã…Ø×Ä°™Joining cluster failed