-- What of a selector the engine can check. `values` are texts that labels are compared with for equality: a row has each of them among its attributes,
-- whatever their keys are called; what passes is compared exactly afterwards.
({service:String} = '' OR service_name = {service:String})
    AND hasAll(mapValues(attributes), {values:Array(String)})
