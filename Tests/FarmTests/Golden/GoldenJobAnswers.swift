// Bodies of Mozilla's sccache-dist 0.16.0 as they passed between its unmodified programs on
// loopback, captured by a recording proxy; keys and tokens are those of a farm that was thrown
// away. Base64 in the alphabet for URLs, without padding. Generated once, not to be edited.

extension Golden {
  static let jobAnswers: [String: String] = [
    "09-run_job~c_ok.res": """
    AQAAAAAAAAAPAAAAAAAAAHRpbnljYzogc3Rkb3V0Cg8AAAAAAAAAdGlueWNjOiBzdGRlcnIKAQAAAAAAAAAOAAAA
    AAAAAC90bXAvZXgvdzMvYS5vggAAAAAAAAB4AVWNuw6CQBBFe75isjZaLCtCp7Gw00IbG0vcGeIky2CWXRvDv0N4
    FHQ3Jzn3PK_31-NySzawB1WmVk3r9I7sgmY5L8A2dV0KasdCI8xAmdh6w2JdRDJtQKu_npCq9KMggxyK-
    WztwmHAgz3WWAJU21_DuPt7CtELFPmxS3pE_iqEmAAAAAAAAAA
    """,
    "14-run_job~c_toolchain_known.res": """
    AQAAAAAAAAAPAAAAAAAAAHRpbnljYzogc3Rkb3V0Cg8AAAAAAAAAdGlueWNjOiBzdGRlcnIKAQAAAAAAAAAOAAAA
    AAAAAC90bXAvZXgvdzMvYi5vggAAAAAAAAB4AVWNIQ_CMBBG_X7FpRgQXSngIAgcCDAYJO0dcEl3I12LIfx3BtvE
    3JeXvO-d98fLaXcoJjAH5UqvurVxmUPSLNsB-LqqroI6sNAfWlAmN9Gw-JCRTJPQ62ckpFv5UGBhCav-
    bOzCosWt7X41lgT36atmnL0jpRwF7PpTfAEbUCpRlwAAAAAAAAA
    """,
    "15-run_job~c_exit1.res": """
    AQAAAAEAAAAAAAAAAAAAAA0AAAAAAAAAdGlueWNjOiBib29tCgAAAAAAAAAA
    """,
    "16-run_job~c_exit7.res": """
    AQAAAAcAAAAAAAAAAAAAAA4AAAAAAAAAdGlueWNjOiBzZXZlbgoAAAAAAAAAAA
    """,
    "17-run_job~c_killed_by_signal.res": """
    AQAAAIsAAAAAAAAAAAAAAA4AAAAAAAAAdGlueWNjOiBjcmFzaAoAAAAAAAAAAA
    """,
    "18-run_job~cxx_split_dwarf_missing_d.res": """
    AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgAAAAAAAAAOAAAAAAAAAC90bXAvZXgvdzMvcy5vPAQAAAAAAAB4AaVW
    zW8bVRCf57XTFJqvQklKkGqQEC00m9hwQIWG0hYqIVShSgUJkMza3iYW8Sbyrpu0Fw6cQZFAgjNSJc4ICYlrz3Dl
    D-AAV04gURV-v7fvrdcTR3zUms_fzLyZfft21x-99ubrFWPE_4ysy8jzqMjS1Mi-YM0LsiyPyyfVV-6ehV-Tach_
    RytIq0nVFnTfu9e8v_fFOwbYoWTekOuLC2Z-8ebs8uy3F0-
    mi0h9GlwBi3wMeRK8lu32OvHLvSRbl1fpJxAiTB4lngO2jxQoEU6eh-wwFqOoUkzgY8Bq7koDU5Vrzn8W2hjz5-
    yMQBl6QusUTamYU5W5vI3wV5uRo4X7SG3O1E4s1M5OmVr9fMWgLA27u9uymvV3Vjebq7vPi1y5dOlc_fTluN2Lkn
    qjGTbDtZXGC89143ajOWyccVC5JA07HbGCHUUezZWY29fE7M2b5WNHpvdNjj_hYoddtQtbhRKpym9_WUeJQBhVIN
    wAFVAHKJDSoZLRL3A7PEJyK5C53FAykHmZ9Avk-CRYAjlxAOckx0vzV32G3cPWu42kZ5FpK8VmFvdQRPwERkTK-
    BJ8koEo43X4JI2fJgjW-DQw0kMQNbAnfyXEeQ08oYw9SQEmfgTaE58a2sT9mvTPUIA9zrXgygoFmHgA7Wt8nHixV
    4j_V_ywfXsKa5G4_lEajvnE0vT4w3TADTDJ437dlwiC9X76_ec9ISMlpzC91c-itoRpNsj1preyeC-
    TsBtlkYTtNJVwEG9FIR7C4UYr6nYHY0AvubGN5LjNYLs9iG-OhTeSYWtn2E6ifjy-
    kAtkt3ZUIBpEyQaxvOEg2djqpdl48VYviX3TNBtI2Nnu9-MEUyfbWRxeuXp9Jc2izoc-h_ktm2gvJd5s3Rhgonwn
    Hkguo5p77s8DXEv5t0MOvBH8_bJJEDy_rOeZg1vQ5cIaN5hbRp6Bw7P6f-t5nvSaWFJ8_zU6Jda5PKd8Lvz1-
    tQ1N9CeA_h-YB5nJUSf-iKEXhOQZBRgzgdVkM49jwjX1f2_dv33ESexH--
    R7n8VQb0mILlDAfbvHZiWdG4EVGOA5HsKsH_fwLSkc98HOmn-
    FwkixrmhhJrvBz3_bQT1moDkZwowzydUQTp3iAhb6f17iyBi7Atl-
    _MdpPt_hqBeE5DcpwD_0_n5FDlspftvEkTM13OOGfi6_1fAJvUPHaifNwejKqfvoDQGSNYd-DadEju4QL6BxVH1_
    F8SROwDMInzcxY9_10Euaa_TriWPicIawFcJgfb7zLxHyGI6fo7BBHz31mYlhxc1P8E1GMwC_phEoiohn9xmO7v6
    w97fvw691x9BbpMv7oEva7fP5_7Owxutd7_Pwgixn2Hsuf3MRi-3uNso3sjTZYcOM0EAPzfzW-urucz6V41yBpR3
    YH-f4qPuOW8K7y_LrXAaMy7Pz9TqkC58je5krWV2AwAAAAAAAAQAAAAAAAAAC90bXAvZXgvdzMvcy5kd2-
    eAgAAAAAAAHgBlZNNb9NAEIZn13HrsOJQAoImVDIViENlp0mhQEo_VFRQJQQCWpXCIcqH01hKnWI7JOVSJA7cOfA
    h8SO4wZ0_wG_hwAkh3o03rl1FQkQzO-88M7O7cuyjjft3OWM0-jFaoeNsRIlM7VivDeUanaIsHUHrpBsI1Hz-
    u_xn8GGH6Ze0DCfGzrEK-HDRtkjqTA14RirSM7rrhTThEeM6l4hn0C2NfZ4cgAoJ2bYxDabxzOgGjBeyRSBS7WyK
    XcnnhJYv5Im4zVantXxFLIlbwstv5kzBckRakTRjEyKjQ1TEEqoy1S-
    TECtCw_0nhpNGZViTk1OFM5NrF17h9MnkEL9AZMywUu5x4du6kE1Pxa7YEURZnUo5Pvt1_Txudxauk0EMcQLONdy
    fbdMStA6-gMgY-_XzNCEwmZFUBiuG-wfFdrnYXyDODC54YDcaRNF6kYh0uDQcSTKfRXIVXoaHfbfh3MaDXaHqs-
    vDbNPd2Ko-ma8ClDw32idxxr0H2-
    adubnSDbNUtsv2vGnthz3PWd5zPMd3G0hrfqO9PLi5aC1eM609WHDQcUOr2a_5LdN6WDatVi049Bptv-
    t1e4HV8_qu17TCWr3jBLjTv0wjPqbFDg73sQXZQehHsT1STafe26u6XqtrN_tdsqO8Vq_7zssk6XQbHTcIgxRzPS
    eZB6Ff7bZagZNuAx52jbnYf6ECuuWfi_AaHlv0DRG9iUkkVG-UYJ2DK5aa_w4u7b1cEq56Y7IMpVhqfldBvMzoOD
    aFY_AISrHU_AsFV1FPmsIxqkEplpr_oqCJetIUjtEASrHU_A8F36GeNIVjJPNxb1dbwXnVaSBKJCMkjZ5LFgk-
    XKxp-yibgeT-CLGdzKdQGTf_Sc2_RT1pJ-f_AghNkuegBQAAAAAAAA
    """,
    "19-run_job~cxx_compile_error.res": """
    AQAAAAEAAAAAAAAAAAAAAIgAAAAAAAAAZXJyLmNjOiBJbiBmdW5jdGlvbiAnaW50IGcoKSc6CmVyci5jYzoxOjIw
    OiBlcnJvcjogJ3gnIHdhcyBub3QgZGVjbGFyZWQgaW4gdGhpcyBzY29wZQogICAgMSB8ICMgMCAiZXJyLmNjIgog
    ICAgICB8ICAgICAgICAgICAgICAgICAgICBeCgAAAAAAAAAA
    """,
  ]
}
